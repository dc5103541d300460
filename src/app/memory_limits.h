// What others allow this process of the machine's memory: control groups, the scheduler, ulimit.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace clientele {

/// 0 or above; kNoLimit: nothing is limited.
inline constexpr int64_t kNoLimit = INT64_MAX;

/// Of the control groups (v1 or v2) that `self_cgroup` (text of /proc/self/cgroup) names and of the groups above them.
/// root: where the hierarchies are mounted (/sys/fs/cgroup).
struct GroupMemory {
  int64_t limit_bytes = kNoLimit;  ///< the smallest
  int64_t free_bytes = kNoLimit;   ///< the least that a limit leaves: of what is used, file pages can be taken back
};
GroupMemory group_memory(const std::filesystem::path& root, const std::string& self_cgroup);
/// Of this process.
GroupMemory group_memory();

/// Of a SLURM job on this node (SLURM_MEM_PER_NODE, or SLURM_MEM_PER_CPU and its processors, in MiB). value: that of a
/// variable of the environment, or null.
int64_t scheduler_memory(const std::function<const char*(const char*)>& value);

/// Address space (ulimit -v) that is still free.
int64_t free_address_space();

}  // namespace clientele
