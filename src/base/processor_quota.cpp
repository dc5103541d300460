#include "processor_quota.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <thread>

#include "clientele/base/control_groups.h"

namespace clientele {

namespace fs = std::filesystem;

namespace {

std::optional<double> number_in(const fs::path& file) {
  std::ifstream in(file);
  double value = 0;
  if (in >> value) return value;
  return std::nullopt;
}

/// Processors that one group's own files allow.
std::optional<double> group_quota(const fs::path& group, bool second_version) {
  if (second_version) {
    std::ifstream in(group / "cpu.max");
    double quota = 0, period = 0;
    if (in >> quota >> period && quota > 0 && period > 0)
      return quota / period;  // "max 100000" does not read as a number
    return std::nullopt;
  }
  const std::optional<double> quota = number_in(group / "cpu.cfs_quota_us");
  const std::optional<double> period = number_in(group / "cpu.cfs_period_us");
  if (quota && period && *quota > 0 && *period > 0) return *quota / *period;  // -1: no limit
  return std::nullopt;
}

/// Processors that could be used by the affinity mask, whatever its size.
int affinity_processors() {
  for (int capacity = 1024; capacity <= 1 << 20; capacity *= 2) {
    const std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> set(CPU_ALLOC(static_cast<size_t>(capacity)),
                                                               [](cpu_set_t* s) { CPU_FREE(s); });
    const size_t bytes = CPU_ALLOC_SIZE(static_cast<size_t>(capacity));
    if (set && sched_getaffinity(0, bytes, set.get()) == 0) return CPU_COUNT_S(bytes, set.get());
  }
  return static_cast<int>(std::thread::hardware_concurrency());
}

}  // namespace

int quota_processors(const fs::path& root, const std::string& self_cgroup) {
  double smallest = HUGE_VAL;
  each_control_group(root, self_cgroup, "cpu", [&](const fs::path& group, bool second_version) {
    if (const auto quota = group_quota(group, second_version)) smallest = std::min(smallest, *quota);
  });
  return std::isinf(smallest) ? 0 : std::max(1, static_cast<int>(std::ceil(std::min(smallest, 1e6))));
}

int usable_processors() {
  const int allowed = std::max(1, affinity_processors());
  const int quota = quota_processors("/sys/fs/cgroup", own_control_groups());
  return quota > 0 ? std::min(allowed, quota) : allowed;
}

}  // namespace clientele
