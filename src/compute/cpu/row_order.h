// The order in which the rows stand while a fit's passes skip some of them.
//
// Few rows are close to a border between segments, and they are strewn over all tiles. So groups of rows are sorted:
// by label, then by slack (bounds.h). Then most tiles have rows of one segment that all
// hold for long, and those that expire again and again stand together. Only the rows' places change: sums are integers,
// and end_fit brings every row back.
#pragma once

#include <cstdint>
#include <vector>

#include "cpu_rows.h"
#include "kernels.h"

namespace clientele {

/// Rows of a group, at most; order() counts them in 16 bits.
inline constexpr int64_t kMostOrderRows = 65536;
/// Rows of a group of d features: a copy of it should stay in the last cache level.
int64_t order_rows(int d);

/// Scratch memory of one worker.
struct OrderScratch {
  std::vector<float> slacks;    ///< one a row of the group
  std::vector<float> features;  ///< tiles
  std::vector<uint32_t> from, next, bins;
  std::vector<int32_t> labels;
  std::vector<int64_t> weights;
  std::vector<uint16_t> order;
};

/// Sorts (where rows can be ordered) the group that begins at `first_tile` by labels and scratch.slacks (of the rows as
/// they stand), features, labels, weights and order() alike, and sets the bounds of its tiles.
void sort_group(CpuRows& rows, int64_t first_tile, int k, const DriftView& drift, OrderScratch& scratch);
/// Every row of the group to its own place.
void restore_group(CpuRows& rows, int64_t first_tile, OrderScratch& scratch);

}  // namespace clientele
