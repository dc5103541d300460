// The control groups (cgroups, v1 and v2) that a process is in: what containers and schedulers limit it by.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace clientele {

/// body(folder, second_version) for every group with the controller (such as "memory") that `self_cgroup` (text of
/// /proc/self/cgroup) names, and for the groups above it. root: where the hierarchies are mounted (/sys/fs/cgroup).
/// Folders need not exist: inside a container a path may be the host's.
void each_control_group(const std::filesystem::path& root, const std::string& self_cgroup,
                        const std::string& controller,
                        const std::function<void(const std::filesystem::path&, bool)>& body);

/// Text of /proc/self/cgroup; empty where there is none.
std::string own_control_groups();

}  // namespace clientele
