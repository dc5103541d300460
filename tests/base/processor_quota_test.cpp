#include "src/base/processor_quota.h"

#include <gtest/gtest.h>

#include "clientele/base/files.h"
#include "tests/base/temporary_folder.h"

namespace clientele {
namespace {

void put(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  write_text(path, text);
}

TEST(ProcessorQuota, SecondVersionTakesTheTightestGroupUpwards) {
  const TemporaryFolder root;
  put(root.path() / "a/b/cpu.max", "max 100000\n");
  EXPECT_EQ(quota_processors(root.path(), "0::/a/b\n"), 0);
  put(root.path() / "a/cpu.max", "250000 100000\n");
  EXPECT_EQ(quota_processors(root.path(), "0::/a/b\n"), 3);
  put(root.path() / "a/b/cpu.max", "50000 100000\n");
  EXPECT_EQ(quota_processors(root.path(), "0::/a/b\n"), 1);
  EXPECT_EQ(quota_processors(root.path(), "0::/a\n"), 3);
  EXPECT_EQ(quota_processors(root.path(), "0::/\n"), 0);
}

TEST(ProcessorQuota, FirstVersionReadsTheCpuController) {
  const TemporaryFolder root;
  const std::string groups = "9:memory:/m\n3:cpuset:/job\n2:cpu,cpuacct:/job\n0::/\n";
  EXPECT_EQ(quota_processors(root.path(), groups), 0);
  put(root.path() / "cpu,cpuacct/job/cpu.cfs_quota_us", "-1\n");
  put(root.path() / "cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota_processors(root.path(), groups), 0);
  put(root.path() / "cpu,cpuacct/job/cpu.cfs_quota_us", "400000\n");
  EXPECT_EQ(quota_processors(root.path(), groups), 4);
  // A path of the host that the container does not see: the group mounted as the top one counts.
  put(root.path() / "cpu,cpuacct/cpu.cfs_quota_us", "150000\n");
  put(root.path() / "cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota_processors(root.path(), "2:cpu,cpuacct:/not/here\n"), 2);
}

TEST(ProcessorQuota, WhatCannotBeReadIsNoQuota) {
  const TemporaryFolder root;
  EXPECT_EQ(quota_processors(root.path(), ""), 0);
  EXPECT_EQ(quota_processors(root.path(), "nonsense\n0::\n:\n"), 0);
  put(root.path() / "cpu.max", "what 3\n");
  EXPECT_EQ(quota_processors(root.path(), "0::/\n"), 0);
  EXPECT_GE(usable_processors(), 1);
}

}  // namespace
}  // namespace clientele
