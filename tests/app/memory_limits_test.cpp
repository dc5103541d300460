// Limits of control groups, SLURM and ulimit on memory.
#include "src/app/memory_limits.h"

#include <gtest/gtest.h>

#include <map>

#include "clientele/base/files.h"
#include "tests/base/temporary_folder.h"

namespace clientele {
namespace {

void put(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  write_text(path, text);
}

TEST(GroupMemory, SecondVersionTakesTheTightestGroupUpwards) {
  const TemporaryFolder root;
  const auto found = [&](const std::string& group) { return group_memory(root.path(), "0::" + group + "\n"); };
  EXPECT_EQ(found("/system.slice/job.service").limit_bytes, kNoLimit);
  EXPECT_EQ(found("/system.slice/job.service").free_bytes, kNoLimit);
  put(root.path() / "system.slice/job.service/memory.max", "4000\n");
  put(root.path() / "system.slice/job.service/memory.current", "1500\n");
  put(root.path() / "system.slice/job.service/memory.stat", "anon 900\ninactive_file 500\nfile 600\n");
  EXPECT_EQ(found("/system.slice/job.service").limit_bytes, 4000);
  EXPECT_EQ(found("/system.slice/job.service").free_bytes, 3000);
  EXPECT_EQ(found("/system.slice").free_bytes, kNoLimit);
  // The slice is larger, but others have used it up.
  put(root.path() / "system.slice/memory.max", "9000\n");
  put(root.path() / "system.slice/memory.current", "8800\n");
  EXPECT_EQ(found("/system.slice/job.service").limit_bytes, 4000);
  EXPECT_EQ(found("/system.slice/job.service").free_bytes, 200);
  put(root.path() / "system.slice/job.service/memory.high", "1200\n");
  EXPECT_EQ(found("/system.slice/job.service").limit_bytes, 1200);
  put(root.path() / "system.slice/job.service/memory.high", "max\n");
  put(root.path() / "system.slice/memory.max", "max\n");
  EXPECT_EQ(found("/system.slice/job.service").free_bytes, 3000);
}

TEST(GroupMemory, FirstVersionReadsTheMemoryController) {
  const TemporaryFolder root;
  const std::string groups = "9:cpu:/c\n4:memory:/slurm/job_7/step_0\n0::/\n";
  put(root.path() / "memory/slurm/job_7/step_0/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(group_memory(root.path(), groups).limit_bytes, kNoLimit);
  put(root.path() / "memory/slurm/job_7/memory.limit_in_bytes", "7000\n");
  put(root.path() / "memory/slurm/job_7/memory.usage_in_bytes", "2500\n");
  put(root.path() / "memory/slurm/job_7/memory.stat", "inactive_file 1\ntotal_inactive_file 500\n");
  EXPECT_EQ(group_memory(root.path(), groups).limit_bytes, 7000);
  EXPECT_EQ(group_memory(root.path(), groups).free_bytes, 5000);
  EXPECT_EQ(group_memory(root.path(), "nonsense\n0::\n:\n").limit_bytes, kNoLimit);
}

TEST(SchedulerMemory, IsOfTheNodeOrOfItsProcessors) {
  std::map<std::string, std::string> values;
  const auto found = [&] {
    return scheduler_memory([&](const char* name) {
      const auto at = values.find(name);
      return at == values.end() ? nullptr : at->second.c_str();
    });
  };
  EXPECT_EQ(found(), kNoLimit);
  values = {{"SLURM_MEM_PER_CPU", "1000"}};
  EXPECT_EQ(found(), kNoLimit);
  values["SLURM_CPUS_ON_NODE"] = "4";
  EXPECT_EQ(found(), int64_t{4000} << 20);
  values["SLURM_MEM_PER_NODE"] = "2048";
  EXPECT_EQ(found(), int64_t{2048} << 20);
  for (const char* none : {"0", "", "lots", "-3", "9223372036854775807"}) {
    values = {{"SLURM_MEM_PER_NODE", none}};
    EXPECT_EQ(found(), kNoLimit) << none;
  }
}

}  // namespace
}  // namespace clientele
