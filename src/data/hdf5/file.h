// One HDF5 file open for reading, and the names in it. Links that lead out of the file are never followed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "clientele/data/read_cache.h"

namespace clientele::h5 {

class Handle;

enum class ObjectKind { missing, group, dataset, other, outside };

/// One name of a group.
struct Link {
  std::string name;
  ObjectKind kind =
      ObjectKind::missing;  ///< of what it leads to; outside: an external or user-defined link; missing: dangling
  uint64_t address = 0;     ///< of the object, to recognise one met twice
};

class File {
 public:
  /// Throws Error{input}: missing, a folder, unreadable, not HDF5, truncated.
  explicit File(const std::string& path, std::shared_ptr<ReadCache> cache = nullptr);
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  const std::string& path() const { return path_; }
  int64_t size_bytes() const { return size_bytes_; }
  /// What its readers keep of it; one of its own where the constructor got none.
  ReadCache& cache() const { return *cache_; }
  const Handle& handle() const { return *handle_; }
  /// "clients.h5:/matrix"
  std::string where(const std::string& object) const;

  /// The names of a group in name order, `path` made of hard links. Throws Error{input} past 100,000 names.
  std::vector<Link> links(const std::string& path) const;
  ObjectKind kind(const std::string& path) const;
  /// The same object by hard links alone (soft ones resolved inside the file), or nothing where there is none. Throws
  /// Error{input} for a name that leads out of the file or round in circles.
  std::optional<std::string> resolve(const std::string& path) const;

  /// Reads bytes [offset, offset + bytes) of the file itself. Throws Error{input} if the file is shorter.
  void read_bytes(int64_t offset, int64_t bytes, void* out) const;

 private:
  std::string path_;
  std::shared_ptr<ReadCache> cache_;
  int64_t size_bytes_ = 0;
  int descriptor_ = -1;
  std::unique_ptr<Handle> handle_;
};

/// "/a" + "b" -> "/a/b"; "/" + "b" -> "/b".
std::string join(const std::string& group, const std::string& name);
/// "/a/b" -> "/a"; "/b" -> "/".
std::string parent(const std::string& path);
/// "/a/b" -> "b".
std::string leaf(const std::string& path);

}  // namespace clientele::h5
