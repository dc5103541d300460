// Rounds that a backend makes at once against the same rounds, pass by pass.
#include "tests/contract/lloyd_loop.h"

namespace clientele::contract {

namespace {

/// One pass of the other way beside each result. Returns how many there were. skipping: counts those that did not look
/// at all rows.
int64_t compare_calls(AssignOps& ops, const Case& c, const Blocks& fast_rows, const Blocks& slow_rows,
                      int64_t& skipping) {
  Loop fast(c.centroids[0].x, c.shape.d, c.scales), slow(c.centroids[0].x, c.shape.d, c.scales);
  int64_t made = 0;
  for (const int64_t most : {3, 1, 9}) {
    const std::vector<PassResult> found = ops.rounds(fast_rows, fast.state(), most);
    EXPECT_LE(static_cast<int64_t>(found.size()), most);
    if (found.empty()) break;
    bool goes_on = true;
    for (const PassResult& result : found) {
      SCOPED_TRACE(made);
      EXPECT_TRUE(goes_on) << "a round after the end";
      const PassResult expected = slow.pass(ops, slow_rows);
      expect_same_pass(result, expected);
      skipping += result.scanned < expected.scanned ? 1 : 0;
      goes_on = fast.take(result);
      slow.take(expected);
      ++made;
    }
    EXPECT_SAME_BYTES(labels_of(ops, fast_rows), labels_of(ops, slow_rows));
    EXPECT_SAME_BYTES(fast.centroids, slow.centroids);
  }
  return made;
}

/// What the calls over some cases have shown.
struct Shown {
  int64_t made = 0;      ///< rounds
  int64_t skipping = 0;  ///< of them, those that did not look at all rows
};

using Load = std::function<std::unique_ptr<RowBlock>(const oracle::Rows&)>;

/// Of the cases that have more rows than `above`, and at most so many.
Shown compare_cases(AssignOps& ops, const std::string& name, const Load& load, int64_t above, int64_t most) {
  Shown shown;
  for (const Case& c : cases()) {
    if (c.rows.n <= above || c.rows.n > most) continue;
    for (const bool halves : {false, true}) {
      if (halves && c.rows.n > 10000) continue;
      SCOPED_TRACE(oracle::name(c.shape) + (halves ? " in two blocks" : ""));
      const auto loaded = [&] {
        const int64_t middle = halves ? c.rows.n / 2 : 0;
        Blocks blocks;
        if (middle > 0) blocks.push_back(load(part(c.rows, 0, middle)));
        blocks.push_back(load(part(c.rows, middle, c.rows.n)));
        return blocks;
      };
      const int64_t now = compare_calls(ops, c, loaded(), loaded(), shown.skipping);
      shown.made += now;
      // Tensor cores take neither one segment nor very many columns, which go the usual way.
      const bool on_tensor_cores = name == "tensor_cores" && c.shape.k > 1 && c.shape.d <= 64;
      if (on_tensor_cores || name == "separate_passes") {
        EXPECT_EQ(now, 0);
      }
    }
  }
  return shown;
}

}  // namespace

TEST_P(BackendContract, RoundsAtOnceEqualPassByPass) {
  const std::string& name = GetParam().name;
  const Load rows = [this](const oracle::Rows& some) { return load(some); };
  const Shown shown = compare_cases(backend().assign_ops(), name, rows, 0, 10000);
  // The others may do without.
  EXPECT_GT(shown.made, name.starts_with("cuda") ? 150 : -1);
  EXPECT_GT(shown.skipping, name.starts_with("cuda") ? 0 : -1);
}

TEST_P(BackendContract, RoundsOfManyRowsEqualPassByPass) {
  const Load rows = [this](const oracle::Rows& some) { return load(some); };
  compare_cases(backend().assign_ops(), GetParam().name, rows, 10000, 100000);  // a simulated GPU is slow
}

/// All centroids are the same, so that no screen of a GPU's kernels can tell them apart and every row that a block of a
/// kernel looks at is counted.
TEST_P(BackendContract, NoPassLooksAtARowTwice) {
  if (backend().facts().name != "cuda") GTEST_SKIP() << "of kernels' blocks";
  const oracle::Rows rows = oracle::make_rows({oracle::Kind::mixture, 10007, 2, 2});
  AssignOps& ops = backend().assign_ops();
  const std::vector<float> centroids = {1, 2, 1, 2};
  const Loop loop(centroids, rows.d, oracle::scales(rows));
  Drift drift(2);
  Blocks blocks;
  blocks.push_back(load(rows));
  for (int step = 0; step < 4; ++step) {  // whole, whole, finding bounds, by bounds
    SCOPED_TRACE(step);
    auto pass = ops.start(loop.state().centroids, loop.scales, &drift);
    pass->add(*blocks[0]);
    const PassResult found = pass->finish();
    EXPECT_LE(found.scanned, rows.n);
    EXPECT_EQ(found.rechecked, rows.n);
    drift.add(centroids, centroids, rows.d);
  }
  ops.end_fit(*blocks[0]);
  LoopState state = loop.state();
  state.drift = nullptr;
  for (const PassResult& found : ops.rounds(blocks, state, 1)) EXPECT_EQ(found.rechecked, rows.n);
  const std::vector<ModelRounds> two = {{state, 0, 1}, {state, 1, 1}};
  for (const auto& model : ops.rounds_together(blocks, two))
    for (const PassResult& found : model) EXPECT_EQ(found.rechecked, rows.n);
}

}  // namespace clientele::contract
