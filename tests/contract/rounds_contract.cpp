// Rounds that a backend makes at once against the same rounds, pass by pass.
#include <algorithm>

#include "tests/contract/backend_contract.h"

namespace clientele::contract {

namespace {

/// Lloyd's loop over blocks of its own, and its sums.
struct Loop {
  Loop(const Case& c, std::vector<std::unique_ptr<RowBlock>> rows)
      : blocks(std::move(rows)),
        k(c.shape.k),
        d(c.shape.d),
        scales(c.scales),
        centroids(c.centroids[0].x),
        sums(centroids.size()),
        counts(static_cast<size_t>(k)),
        drift(k) {}

  LoopState state() const { return {{centroids.data(), k, d}, scales, sums, counts, &drift}; }

  PassResult pass(AssignOps& ops) {
    auto pass = ops.start(state().centroids, scales);
    for (const auto& block : blocks) pass->add(*block);
    return pass->finish();
  }

  /// Whether another round has anything to do.
  bool take(const PassResult& found) {
    bool changed = false;
    for (size_t i = 0; i < sums.size(); ++i) {
      changed = changed || found.sums[i].value() != 0;
      sums[i].add(found.sums[i]);
    }
    for (size_t c = 0; c < counts.size(); ++c) {
      changed = changed || found.counts[c] != 0;
      counts[c] += found.counts[c];
    }
    const std::vector<float> before = centroids;
    for (size_t i = 0; i < sums.size(); ++i) {
      const int64_t count = counts[i / static_cast<size_t>(d)];
      if (count > 0) centroids[i] = centroid_value(sums[i], scales[i % static_cast<size_t>(d)], count);
    }
    drift.add(before, centroids, d);
    return changed && std::find(counts.begin(), counts.end(), 0) == counts.end();
  }

  std::vector<int32_t> labels(AssignOps& ops) const {
    std::vector<int32_t> all;
    for (const auto& block : blocks) {
      std::vector<int32_t> some(static_cast<size_t>(block->rows()));
      ops.copy_labels(*block, some);
      all.insert(all.end(), some.begin(), some.end());
    }
    return all;
  }

  std::vector<std::unique_ptr<RowBlock>> blocks;
  int k, d;
  std::vector<double> scales;
  std::vector<float> centroids;
  std::vector<WideSum> sums;
  std::vector<int64_t> counts;
  Drift drift;
};

/// One pass of the other way beside each result. Returns how many there were. skipping: counts
/// those that did not look at all rows.
int64_t compare_calls(AssignOps& ops, Loop& fast, Loop& slow, int64_t& skipping) {
  int64_t made = 0;
  for (const int64_t most : {3, 1, 9}) {
    const std::vector<PassResult> found = ops.rounds(fast.blocks, fast.state(), most);
    EXPECT_LE(static_cast<int64_t>(found.size()), most);
    if (found.empty()) break;
    bool goes_on = true;
    for (const PassResult& result : found) {
      EXPECT_TRUE(goes_on) << "a round after the end";
      const PassResult expected = slow.pass(ops);
      for (size_t i = 0; i < expected.sums.size(); ++i)
        EXPECT_TRUE(same_value(result.sums[i], expected.sums[i])) << "round " << made << ", sum " << i;
      EXPECT_EQ(result.counts, expected.counts);
      EXPECT_EQ(result.rows, expected.rows);
      EXPECT_EQ(result.moved, expected.moved);
      EXPECT_LE(result.scanned, expected.scanned);
      skipping += result.scanned < expected.scanned ? 1 : 0;
      goes_on = fast.take(result);
      slow.take(expected);
      ++made;
    }
    EXPECT_SAME_BYTES(fast.labels(ops), slow.labels(ops));
    EXPECT_SAME_BYTES(fast.centroids, slow.centroids);
  }
  return made;
}

/// Rows [begin, end).
oracle::Rows part(const oracle::Rows& rows, int64_t begin, int64_t end) {
  oracle::Rows some{end - begin, rows.d, {rows.row(begin), rows.row(end)}, {}, rows.first_row + begin};
  if (!rows.m.empty()) some.m.assign(rows.m.begin() + begin, rows.m.begin() + end);
  return some;
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
        std::vector<std::unique_ptr<RowBlock>> blocks;
        if (middle > 0) blocks.push_back(load(part(c.rows, 0, middle)));
        blocks.push_back(load(part(c.rows, middle, c.rows.n)));
        return blocks;
      };
      Loop fast(c, loaded()), slow(c, loaded());
      const int64_t now = compare_calls(ops, fast, slow, skipping);
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
