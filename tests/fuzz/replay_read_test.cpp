// The readers' fuzz target on its seeds and their mutations, for builds without libFuzzer.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "tests/fuzz/read_seeds.h"
#include "tests/fuzz/replay.h"
#include "tests/support/h5_writer.h"

namespace clientele {
namespace {

TEST(FuzzRead, SeedsAndTheirMutationsEndInValuesOrErrors) {
  const test::TemporaryFolder folder;
  std::vector<std::vector<uint8_t>> seeds;
  for (const std::string& path : test::write_read_seeds(folder / "")) {
    std::ifstream file(path, std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    ASSERT_GT(seeds.back().size(), 500U) << path;
  }
  EXPECT_EQ(test::replay(seeds, 30), 31 * static_cast<int64_t>(seeds.size()));
}

}  // namespace
}  // namespace clientele
