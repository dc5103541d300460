// The job file's fuzz target on its seeds and their mutations, for builds without libFuzzer.
#include <gtest/gtest.h>

#include "tests/fuzz/job_seeds.h"
#include "tests/fuzz/replay.h"

namespace clientele {
namespace {

TEST(FuzzJob, SeedsAndTheirMutationsResolveOrAreRefused) {
  std::vector<std::vector<uint8_t>> seeds;
  for (const std::string& text : test::job_seeds()) seeds.emplace_back(text.begin(), text.end());
  const test::Replayed replayed = test::replay(seeds, 100);
  EXPECT_EQ(replayed.runs, 101 * static_cast<int64_t>(seeds.size()));
  EXPECT_EQ(replayed.faults, 0);
  EXPECT_EQ(replayed.library_faults, 0);
}

}  // namespace
}  // namespace clientele
