#include "file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>

#include "crash_guard.h"
#include "handles.h"

namespace clientele::h5 {
namespace {

constexpr int64_t kMostLinks = 100'000;
constexpr int kMostHops = 32;  ///< soft links followed for one path
constexpr size_t kLongestPath = 4096;

[[noreturn]] void fail(const std::string& what, const std::string& where, const std::string& expected,
                       const std::string& found, const std::string& hint) {
  throw Error(ErrorKind::input, {what, where, expected, found, hint});
}

ObjectKind kind_of(H5O_type_t type) {
  if (type == H5O_TYPE_GROUP) return ObjectKind::group;
  return type == H5O_TYPE_DATASET ? ObjectKind::dataset : ObjectKind::other;
}

std::deque<std::string> components(const std::string& path) {
  std::deque<std::string> out;
  size_t begin = 0;
  while (begin <= path.size()) {
    const size_t end = std::min(path.find('/', begin), path.size());
    if (end > begin && path.compare(begin, end - begin, ".") != 0) out.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

struct Names {
  std::vector<std::string> names;
  bool too_many = false;
};

herr_t collect_name(hid_t, const char* name, const H5L_info_t*, void* data) {
  auto& names = *static_cast<Names*>(data);
  if (static_cast<int64_t>(names.names.size()) >= kMostLinks) {
    names.too_many = true;
    return 1;
  }
  names.names.emplace_back(name);
  return 0;
}

std::string soft_target(hid_t file, const std::string& path, size_t bytes, const std::string& where) {
  if (bytes == 0 || bytes > kLongestPath) fail("a soft link has an absurd target", where, "", "", "");
  std::string target(bytes, '\0');
  check(H5Lget_val(file, path.c_str(), target.data(), bytes, H5P_DEFAULT), ErrorKind::input, "cannot read a link",
        where);
  target.resize(std::strlen(target.c_str()));
  return target;
}

void check_openable(const std::string& path, int descriptor, struct stat& info) {
  if (descriptor < 0) {
    const bool missing = errno == ENOENT || errno == ENOTDIR;
    fail(missing ? "input file does not exist" : "input file cannot be opened", path, "", std::strerror(errno),
         "check the path in the job file; relative paths start at the job file's folder");
  }
  if (fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) {
    fail("input is not a regular file", path, "an HDF5 file", S_ISDIR(info.st_mode) ? "a folder" : "something else",
         "");
  }
}

}  // namespace

File::File(const std::string& path, std::shared_ptr<ReadCache> cache)
    : path_(path), cache_(cache != nullptr ? std::move(cache) : std::make_shared<ReadCache>()) {
  descriptor_ = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  try {
    struct stat info = {};
    check_openable(path, descriptor_, info);
    size_bytes_ = info.st_size;
    arm_crash_guard(path);
    const Lock lock;
    const htri_t is_hdf5 = H5Fis_hdf5(path.c_str());
    if (is_hdf5 <= 0) {
      take_library_message();
      fail("input is not an HDF5 file", path, "the HDF5 signature", size_bytes_ == 0 ? "an empty file" : "other bytes",
           "convert CSV or Parquet with scripts/to_hdf5.py");
    }
    handle_ = std::make_unique<Handle>(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
    if (!handle_->valid()) {
      fail("HDF5 file cannot be opened", path, "a complete file of " + std::to_string(size_bytes_) + " bytes",
           take_library_message(), "the file is damaged or was cut short; write or copy it again");
    }
  } catch (...) {
    if (descriptor_ >= 0) close(descriptor_);
    throw;
  }
}

File::~File() {
  if (descriptor_ >= 0) close(descriptor_);
}

std::string File::where(const std::string& object) const {
  return path_ + ":" + object;
}

std::vector<Link> File::links(const std::string& path) const {
  const Lock lock;
  const Handle group = own(H5Gopen2(*handle_, path.c_str(), H5P_DEFAULT), H5Gclose, ErrorKind::input,
                           "cannot open a group", where(path));
  Names names;
  check(H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, nullptr, collect_name, &names), ErrorKind::input,
        "cannot list a group", where(path));
  if (names.too_many) fail("a group holds too many names", where(path), "at most 100000", "more", "");
  std::vector<Link> out;
  for (std::string& name : names.names) {
    Link link;
    link.name = std::move(name);
    H5O_info_t info = {};
    try {
      const std::optional<std::string> target = resolve(join(path, link.name));
      if (target && H5Oget_info_by_name2(*handle_, target->c_str(), &info, H5O_INFO_BASIC, H5P_DEFAULT) >= 0) {
        link.kind = kind_of(info.type);
        link.address = info.addr;
      }
    } catch (const Error&) {
      link.kind = ObjectKind::outside;  // listed, so that a refusal can name it
    }
    take_library_message();
    out.push_back(std::move(link));
  }
  return out;
}

ObjectKind File::kind(const std::string& path) const {
  const Lock lock;
  H5O_info_t info = {};
  if (H5Oget_info_by_name2(*handle_, path.c_str(), &info, H5O_INFO_BASIC, H5P_DEFAULT) < 0) {
    take_library_message();
    return ObjectKind::missing;
  }
  return kind_of(info.type);
}

std::optional<std::string> File::resolve(const std::string& path) const {
  const Lock lock;
  if (path.size() > kLongestPath) fail("a name is too long", path_, "at most 4096 bytes", "", "");
  std::deque<std::string> left = components(path);
  std::string at = "/";
  int hops = 0;
  while (!left.empty()) {
    const std::string next = join(at, left.front());
    left.pop_front();
    H5L_info_t info = {};
    if (H5Lget_info(*handle_, next.c_str(), &info, H5P_DEFAULT) < 0) {
      take_library_message();
      return std::nullopt;
    }
    if (info.type == H5L_TYPE_HARD) {
      at = next;
      if (!left.empty() && kind(at) != ObjectKind::group) return std::nullopt;
    } else if (info.type == H5L_TYPE_SOFT) {
      if (++hops > kMostHops) fail("soft links lead round in circles", where(path), "", "", "");
      const std::string target = soft_target(*handle_, next, info.u.val_size, where(next));
      std::deque<std::string> more = components(target);
      if (!target.empty() && target[0] == '/') at.assign(1, '/');
      left.insert(left.begin(), more.begin(), more.end());
    } else {
      fail("a link leads out of the file", where(next), "objects of this file only", "an external or user-defined link",
           "copy the data into the file; a file must not make the job read another one");
    }
  }
  return at;
}

void File::read_bytes(int64_t offset, int64_t bytes, void* out) const {
  auto* to = static_cast<char*>(out);
  while (bytes > 0) {
    const ssize_t got = pread(descriptor_, to, static_cast<size_t>(bytes), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      fail("input file is shorter than it says", path_,
           std::to_string(bytes) + " more bytes at offset " + std::to_string(offset),
           got < 0 ? std::strerror(errno) : "the end of the file", "the file was cut short; write or copy it again");
    }
    offset += got;
    to += got;
    bytes -= got;
  }
}

std::string join(const std::string& group, const std::string& name) {
  std::string path = group;
  if (path != "/") path += '/';
  return path += name;
}

std::string parent(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

std::string leaf(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

}  // namespace clientele::h5
