#include "clientele/base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "open_file.h"

namespace clientele {

namespace {

std::string hint_for(int error_number) {
  switch (error_number) {
    case EACCES:
    case EPERM:
      return "check the owner and the permissions of the path and of the folders above it";
    case ENOSPC:
    case EDQUOT:
      return "free some space, raise the quota, or choose another output folder";
    case EROFS:
      return "the file system is read-only: choose another output folder";
    case ENOENT:
      return "check the spelling of the path; a relative path in a job file is relative to the job file";
    case ENOTDIR:
      return "a part of the path is a file where a folder is needed";
    case EMFILE:
    case ENFILE:
      return "raise the limit of open files (ulimit -n)";
    case EBUSY:
      return "something else holds it: a mount point, for one, cannot be replaced; name a folder inside it";
    case EIO:
      return "the device reports a fault: look at the system log before trying again";
    default:
      return {};
  }
}

}  // namespace

Error file_error(const std::string& what, const std::filesystem::path& path, int error_number) {
  return Error{ErrorKind::files,
               {.what = what,
                .where = path.string(),
                .found = std::generic_category().message(error_number),
                .hint = hint_for(error_number)}};
}

OpenFile::OpenFile(const std::filesystem::path& path, int flags, const char* purpose) : path_(path) {
  do {
    descriptor_ = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
  } while (descriptor_ < 0 && errno == EINTR);
  if (descriptor_ < 0) throw file_error(purpose, path, errno);
}

OpenFile OpenFile::to_read(const std::filesystem::path& path) {
  return {path, O_RDONLY, "cannot open for reading"};
}

OpenFile OpenFile::to_write(const std::filesystem::path& path) {
  return {path, O_WRONLY | O_CREAT | O_TRUNC, "cannot open for writing"};
}

OpenFile OpenFile::to_change(const std::filesystem::path& path) {
  return {path, O_WRONLY, "cannot open for writing"};
}

OpenFile OpenFile::folder(const std::filesystem::path& path) {
  return {path, O_RDONLY | O_DIRECTORY, "cannot open the folder"};
}

OpenFile::~OpenFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

size_t OpenFile::read_some(std::span<std::byte> buffer) const {
  for (;;) {
    const ssize_t got = ::read(descriptor_, buffer.data(), buffer.size());
    if (got >= 0) return static_cast<size_t>(got);
    if (errno != EINTR) throw file_error("cannot read", path_, errno);
  }
}

void OpenFile::write_all(std::string_view text) const {
  while (!text.empty()) {
    const ssize_t put = ::write(descriptor_, text.data(), text.size());
    if (put >= 0) {
      text.remove_prefix(static_cast<size_t>(put));
    } else if (errno != EINTR) {
      throw file_error("cannot write", path_, errno);
    }
  }
}

void OpenFile::sync() const {
  // EINVAL: a device or a file system that has nothing to flush.
  if (::fsync(descriptor_) != 0 && errno != EINVAL) throw file_error("cannot flush to the disk", path_, errno);
}

void OpenFile::close() {
  const int descriptor = descriptor_;
  descriptor_ = -1;
  // EINTR leaves the descriptor closed on Linux; the data was synced or the caller does not care.
  if (::close(descriptor) != 0 && errno != EINTR) throw file_error("cannot close", path_, errno);
}

std::string read_text(const std::filesystem::path& path) {
  const OpenFile file = OpenFile::to_read(path);
  std::array<std::byte, size_t{1} << 16> buffer;
  std::string text;
  while (const size_t got = file.read_some(buffer)) text.append(reinterpret_cast<const char*>(buffer.data()), got);
  return text;
}

void write_text(const std::filesystem::path& path, std::string_view text) {
  OpenFile file = OpenFile::to_write(path);
  file.write_all(text);
  file.sync();
  file.close();
}

void reserve_space(const std::filesystem::path& path, int64_t bytes) {
  const OpenFile file = OpenFile::to_change(path);
  if (bytes <= 0) return;
  // Not posix_fallocate: where the file system cannot reserve, the C library would write every block.
  int failed = 0;
  do {
    failed = ::fallocate(file.descriptor(), 0, 0, bytes) == 0 ? 0 : errno;
  } while (failed == EINTR);
  if (failed != 0 && failed != EOPNOTSUPP) {
    throw file_error("cannot reserve " + std::to_string(bytes) + " bytes", path, failed);
  }
}

void sync_file(const std::filesystem::path& path) {
  OpenFile::to_read(path).sync();
}

void sync_folder(const std::filesystem::path& path) {
  OpenFile::folder(path).sync();
}

}  // namespace clientele
