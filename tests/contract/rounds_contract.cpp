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

}  // namespace

TEST_P(BackendContract, RoundsAtOnceEqualPassByPass) {
  AssignOps& ops = backend().assign_ops();
  const std::string& name = GetParam().name;
  int64_t made = 0, skipping = 0;
  for (const Case& c : cases()) {
    if (c.rows.n > 100000) continue;  // a simulated GPU is slow
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
      const int64_t now = compare_calls(ops, c, loaded(), loaded(), skipping);
      made += now;
      // Tensor cores take neither one segment nor very many columns, which go the usual way.
      const bool on_tensor_cores = name == "tensor_cores" && c.shape.k > 1 && c.shape.d <= 64;
      if (on_tensor_cores || name == "separate_passes") {
        EXPECT_EQ(now, 0);
      }
    }
  }
  // The others may do without.
  EXPECT_GT(made, name.starts_with("cuda") ? 150 : -1);
  EXPECT_GT(skipping, name.starts_with("cuda") ? 0 : -1);
}

}  // namespace clientele::contract
