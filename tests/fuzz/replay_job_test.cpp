// The job file's fuzz target on its seeds and their mutations, for builds without libFuzzer.
#include <gtest/gtest.h>

#include "tests/fuzz/job_seeds.h"
#include "tests/fuzz/replay.h"

namespace clientele {
namespace {

TEST(FuzzJob, SeedsAndTheirMutationsResolveOrAreRefused) {
  std::vector<std::vector<uint8_t>> seeds;
  for (const std::string& text : test::job_seeds()) seeds.emplace_back(text.begin(), text.end());
  EXPECT_EQ(test::replay(seeds, 300), 301 * static_cast<int64_t>(seeds.size()));
}

}  // namespace
}  // namespace clientele
