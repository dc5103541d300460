// The readers' fuzz target on its seeds and their mutations, for builds without libFuzzer.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "clientele/data/events.h"
#include "clientele/data/source.h"
#include "tests/fuzz/input_file.h"
#include "tests/fuzz/read_seeds.h"
#include "tests/fuzz/replay.h"
#include "tests/support/h5_writer.h"

namespace clientele {
namespace {

/// What mutations start from must be read to its end, or the fuzzer sees nothing but refusals.
void expect_read(const std::string& path, const std::vector<uint8_t>& seed) {
  const test::InputFile file(seed.data(), seed.size());
  ThreadPool pool(1);
  if (path.find("events") != std::string::npos) {
    EventsSpec spec;
    spec.file = {file.path()};
    spec.amount = "amount";
    EXPECT_GT(read_events(spec, pool).ts.size(), 0U) << path;
    return;
  }
  InputSpec spec;
  spec.file = {file.path()};
  const auto source = open_input(spec, pool);
  const int column = 0;
  std::vector<double> values(static_cast<size_t>(source->rows()));
  ASSERT_FALSE(values.empty()) << path;
  source->read(0, {&column, 1}, {values.data(), source->rows(), 1, source->rows()});
}

TEST(FuzzRead, SeedsAndTheirMutationsEndInValuesOrErrors) {
  const test::TemporaryFolder folder;
  std::vector<std::vector<uint8_t>> seeds;
  for (const std::string& path : test::write_read_seeds(folder / "")) {
    std::ifstream file(path, std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    expect_read(path, seeds.back());
  }
  const test::Replayed replayed = test::replay(seeds, 15);
  EXPECT_EQ(replayed.runs, 16 * static_cast<int64_t>(seeds.size()));
  EXPECT_EQ(replayed.faults, 0);
  EXPECT_LT(replayed.library_faults, replayed.runs / 10);
}

}  // namespace
}  // namespace clientele
