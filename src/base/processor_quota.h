// How many processors this process may keep busy: the affinity mask, less what a cgroup quota (v1 or v2) takes away.
#pragma once

#include <filesystem>
#include <string>

namespace clientele {

/// >= 1.
int usable_processors();
/// The smallest quota, in whole processors rounded up, of the control groups that `self_cgroup` (text of
/// /proc/self/cgroup) names and of the groups above them; 0 when there is none. root: where the hierarchies are mounted
/// (/sys/fs/cgroup).
int quota_processors(const std::filesystem::path& root, const std::string& self_cgroup);

}  // namespace clientele
