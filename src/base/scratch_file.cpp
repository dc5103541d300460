#include "clientele/base/scratch_file.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string>

#include "clientele/base/cancel.h"
#include "open_file.h"

namespace clientele {
namespace {

namespace fs = std::filesystem;

/// One system call moves at most this much, so that a pass that was cancelled ends soon.
constexpr size_t kMostBytes = size_t{16} << 20;

/// A file that never had a name or, where the file system lacks those, has lost it. -1 and errno when neither works.
int open_nameless(const fs::path& folder) {
  int descriptor = -1;
  do {
    descriptor = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  } while (descriptor < 0 && errno == EINTR);
  if (descriptor >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)) return descriptor;
  std::string name = (folder / ".clientele-scratch-XXXXXX").string();
  descriptor = ::mkostemp(name.data(), O_CLOEXEC);
  if (descriptor >= 0) ::unlink(name.c_str());
  return descriptor;
}

bool set_direct(int descriptor) {
  const int flags = ::fcntl(descriptor, F_GETFL);
  return flags >= 0 && ::fcntl(descriptor, F_SETFL, flags | O_DIRECT) == 0;
}

/// Throws unless the folder's file system has room.
void refuse_without_room(const fs::path& folder, int64_t bytes) {
  struct statvfs space {};
  if (::statvfs(folder.c_str(), &space) != 0)
    throw file_error("cannot put the scratch file into the folder", folder, errno);
  const int64_t free = static_cast<int64_t>(space.f_bavail) * static_cast<int64_t>(space.f_frsize);
  if (free >= bytes) return;
  throw Error(ErrorKind::files, {.what = "no room for the scratch file",
                                 .where = folder.string(),
                                 .expected = std::to_string(bytes) + " bytes free",
                                 .found = std::to_string(free),
                                 .hint = "Free some space, name another folder (run.scratch), or raise run.memory."});
}

}  // namespace

ScratchFile::ScratchFile(const fs::path& folder, int64_t bytes)
    : folder_(folder), bytes_((bytes + kUnit - 1) / kUnit * kUnit) {
  refuse_without_room(folder, bytes_);
  descriptor_ = open_nameless(folder);
  if (descriptor_ < 0) throw file_error("cannot put the scratch file into the folder", folder, errno);
  int failed = 0;
  do {
    failed = ::fallocate(descriptor_, 0, 0, bytes_) == 0 ? 0 : errno;
  } while (failed == EINTR);
  if (failed == EOPNOTSUPP) failed = ::ftruncate(descriptor_, bytes_) == 0 ? 0 : errno;
  if (failed != 0) {
    ::close(descriptor_);
    throw file_error("cannot reserve " + std::to_string(bytes_) + " bytes for the scratch file", folder, failed);
  }
  direct_ = set_direct(descriptor_);
}

ScratchFile::~ScratchFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void ScratchFile::read(int64_t offset, std::span<std::byte> to) const {
  const int64_t begin = offset;
  const size_t length = to.size();
  while (!to.empty()) {
    check_cancel();
    const ssize_t got = ::pread(descriptor_, to.data(), std::min(to.size(), kMostBytes), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw file_error("cannot read the scratch file", folder_, errno);
    if (got == 0)
      throw Error(ErrorKind::files, {.what = "the scratch file ends early",
                                     .where = folder_.string(),
                                     .expected = std::to_string(bytes_) + " bytes",
                                     .found = std::to_string(offset),
                                     .hint = "Something has cut it, or the disk has a fault: run the job again."});
    to = to.subspan(static_cast<size_t>(got));
    offset += got;
  }
  if (!direct_) ::posix_fadvise(descriptor_, begin, static_cast<off_t>(length), POSIX_FADV_DONTNEED);
}

void ScratchFile::write(int64_t offset, std::span<const std::byte> from) const {
  while (!from.empty()) {
    check_cancel();
    const ssize_t put = ::pwrite(descriptor_, from.data(), std::min(from.size(), kMostBytes), offset);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) throw file_error("cannot write the scratch file", folder_, errno);
    from = from.subspan(static_cast<size_t>(put));
    offset += put;
  }
}

}  // namespace clientele
