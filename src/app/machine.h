// What this machine offers, for doctor and plan.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>

#include "clientele/base/json.h"

namespace clientele {

struct MemoryFacts {
  int64_t total_bytes = 0;
  int64_t available_bytes = 0;
  int64_t cgroup_limit_bytes = 0;     ///< the smallest that holds for this process; 0: none
  int64_t allowed_bytes = INT64_MAX;  ///< what control groups, the scheduler and ulimit leave
  /// The smaller of what is available and allowed.
  int64_t usable_bytes() const { return std::min(available_bytes, allowed_bytes); }
};
MemoryFacts memory_facts();

/// Resident memory of this process now, and the most it ever was. Pages of the page cache do not count.
int64_t resident_bytes();
int64_t peak_memory_bytes();
/// Gives memory that was freed back to the system, as far as the C library can.
void return_freed_memory();

std::string processor_name();
/// "always", "madvise" or "never"; empty if the kernel does not say.
std::string huge_pages();

/// The nearest existing folder of a path.
struct Place {
  std::string path;
  std::string file_system;  ///< "ext4", "tmpfs", ... or the type's number
  /// What is written there takes memory.
  bool in_memory() const { return file_system == "tmpfs" || file_system == "ramfs"; }
};
Place place_of(const std::filesystem::path& folder);

struct FolderFacts : Place {
  int64_t free_bytes = 0;
  bool writable = false;
  bool exchange = false;  ///< two folders can be exchanged in one step, as publishing over an earlier run needs
  std::string reason;     ///< why not
};
/// Makes and removes two empty folders there.
FolderFacts folder_facts(const std::filesystem::path& folder);

}  // namespace clientele
