#include "memory_limits.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <optional>

#include "clientele/base/control_groups.h"

namespace clientele {
namespace {

namespace fs = std::filesystem;

/// A first version's "no limit" is a number near 2^63.
constexpr int64_t kAbsurd = int64_t{1} << 60;

std::optional<int64_t> number_in(const fs::path& file) {
  std::ifstream in(file);
  int64_t value = 0;
  if (in >> value && value >= 0 && value < kAbsurd) return value;  // "max" does not read as a number
  return std::nullopt;
}

/// The value of "key value" in a file of such lines; 0 without it.
int64_t value_of(const fs::path& file, const std::string& key) {
  std::ifstream in(file);
  std::string name;
  for (int64_t value = 0; in >> name >> value;)
    if (name == key) return value;
  return 0;
}

/// One group's own files.
void take_group(const fs::path& group, bool second_version, GroupMemory& out) {
  std::optional<int64_t> limit = number_in(group / (second_version ? "memory.max" : "memory.limit_in_bytes"));
  if (second_version)
    if (const auto high = number_in(group / "memory.high")) limit = std::min(*high, limit.value_or(*high));
  if (!limit) return;
  const int64_t used = number_in(group / (second_version ? "memory.current" : "memory.usage_in_bytes")).value_or(0);
  const int64_t files = value_of(group / "memory.stat", second_version ? "inactive_file" : "total_inactive_file");
  out.limit_bytes = std::min(out.limit_bytes, *limit);
  out.free_bytes = std::min(out.free_bytes, std::max<int64_t>(0, *limit - std::max<int64_t>(0, used - files)));
}

}  // namespace

GroupMemory group_memory(const fs::path& root, const std::string& self_cgroup) {
  GroupMemory out;
  each_control_group(root, self_cgroup, "memory",
                     [&](const fs::path& group, bool second_version) { take_group(group, second_version, out); });
  return out;
}

GroupMemory group_memory() {
  return group_memory("/sys/fs/cgroup", own_control_groups());
}

int64_t scheduler_memory(const std::function<const char*(const char*)>& value) {
  const auto number = [&](const char* name) {
    const char* text = value(name);
    return text == nullptr ? int64_t{0} : static_cast<int64_t>(std::strtoll(text, nullptr, 10));
  };
  constexpr int64_t kMiB = int64_t{1} << 20, kMost = int64_t{1} << 40;
  const int64_t of_node = number("SLURM_MEM_PER_NODE");
  if (of_node > 0 && of_node < kMost) return of_node * kMiB;
  const int64_t of_processor = number("SLURM_MEM_PER_CPU"), processors = number("SLURM_CPUS_ON_NODE");
  if (of_processor > 0 && processors > 0 && of_processor < kMost / processors) return of_processor * processors * kMiB;
  return kNoLimit;  // 0: all of the node
}

int64_t free_address_space() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= rlim_t{kAbsurd})
    return kNoLimit;
  std::ifstream in("/proc/self/statm");
  int64_t pages = 0;
  in >> pages;
  return std::max<int64_t>(0, static_cast<int64_t>(limit.rlim_cur) - pages * sysconf(_SC_PAGESIZE));
}

}  // namespace clientele
