// Lloyd's loop as tests of several rounds a call need it: state, and what a pass makes of it.
#pragma once

#include <algorithm>

#include "tests/contract/backend_contract.h"

namespace clientele::contract {

using Blocks = std::vector<std::unique_ptr<RowBlock>>;

/// One model's state.
struct Loop {
  Loop(std::vector<float> start, int d_, std::vector<double> scales_)
      : k(static_cast<int>(start.size()) / d_),
        d(d_),
        scales(std::move(scales_)),
        centroids(std::move(start)),
        sums(centroids.size()),
        counts(static_cast<size_t>(k)),
        drift(k) {}

  LoopState state() const { return {{centroids.data(), k, d}, scales, sums, counts, &drift}; }

  PassResult pass(AssignOps& ops, const Blocks& blocks) const {
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

  int k, d;
  std::vector<double> scales;
  std::vector<float> centroids;
  std::vector<WideSum> sums;
  std::vector<int64_t> counts;
  Drift drift;
};

inline std::vector<int32_t> labels_of(AssignOps& ops, const Blocks& blocks) {
  std::vector<int32_t> all;
  for (const auto& block : blocks) {
    std::vector<int32_t> some(static_cast<size_t>(block->rows()));
    ops.copy_labels(*block, some);
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

inline void expect_same_pass(const PassResult& result, const PassResult& expected) {
  ASSERT_EQ(result.sums.size(), expected.sums.size());
  for (size_t i = 0; i < expected.sums.size(); ++i)
    EXPECT_TRUE(same_value(result.sums[i], expected.sums[i])) << "sum " << i;
  EXPECT_EQ(result.counts, expected.counts);
  EXPECT_EQ(result.rows, expected.rows);
  EXPECT_EQ(result.moved, expected.moved);
  EXPECT_LE(result.scanned, expected.scanned);
}

/// Rows [begin, end).
inline oracle::Rows part(const oracle::Rows& rows, int64_t begin, int64_t end) {
  oracle::Rows some{end - begin, rows.d, {rows.row(begin), rows.row(end)}, {}, rows.first_row + begin};
  if (!rows.m.empty()) some.m.assign(rows.m.begin() + begin, rows.m.begin() + end);
  return some;
}

}  // namespace clientele::contract
