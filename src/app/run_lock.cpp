#include "run_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "clientele/base/errors.h"

namespace clientele {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what) {
  throw Error(ErrorKind::files, {.what = what,
                                 .where = path.string(),
                                 .expected = "a folder that can be written",
                                 .found = std::strerror(errno),
                                 .hint = "Give an output folder (--out) in a place where files can be made."});
}

std::string owner_of(int file) {
  char text[64] = {};
  const ssize_t got = pread(file, text, sizeof text - 1, 0);
  std::string owner(text, got > 0 ? static_cast<size_t>(got) : 0);
  while (!owner.empty() && owner.back() == '\n') owner.pop_back();
  return owner.empty() ? "a process that has not said its number yet" : owner;
}

/// True if `path` still names the open file (its owner may have removed it between open and lock).
bool same_file(int file, const std::filesystem::path& path) {
  struct stat open_file {
  }, named{};
  return fstat(file, &open_file) == 0 && stat(path.c_str(), &named) == 0 && open_file.st_ino == named.st_ino &&
         open_file.st_dev == named.st_dev;
}

}  // namespace

std::filesystem::path absolute_folder(const std::filesystem::path& folder) {
  std::error_code fault;
  std::filesystem::path whole = std::filesystem::weakly_canonical(std::filesystem::absolute(folder), fault);
  if (fault) whole = std::filesystem::absolute(folder).lexically_normal();
  return whole.has_filename() ? whole : whole.parent_path();
}

RunLock::RunLock(const std::filesystem::path& public_folder) {
  const std::filesystem::path folder = absolute_folder(public_folder);
  std::error_code fault;
  std::filesystem::create_directories(folder.parent_path(), fault);
  if (fault) {
    errno = fault.value();
    fail(folder.parent_path(), "the output folder's parent cannot be made");
  }
  path_ = folder.parent_path() / ("." + folder.filename().string() + ".clientele-lock");
  while (true) {
    file_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file_ < 0) fail(path_, "the output folder's lock cannot be made");
    if (flock(file_, LOCK_EX | LOCK_NB) != 0) {
      const std::string owner = owner_of(file_);
      close(file_);
      throw Error(ErrorKind::files, {.what = "another run is writing this output folder",
                                     .where = folder.string(),
                                     .expected = "no other run",
                                     .found = owner,
                                     .hint = "Wait for it to end, or give another output folder with --out."});
    }
    if (same_file(file_, path_)) break;
    close(file_);
  }
  const std::string owner = "process " + std::to_string(getpid()) + '\n';
  if (ftruncate(file_, 0) != 0 || pwrite(file_, owner.data(), owner.size(), 0) < 0) {
    const int reason = errno;
    unlink(path_.c_str());
    close(file_);
    errno = reason;
    fail(path_, "the output folder's lock cannot be written");
  }
}

RunLock::~RunLock() {
  unlink(path_.c_str());
  close(file_);
}

}  // namespace clientele
