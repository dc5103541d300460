// The order in which the rows stand while a fit's passes skip some of them.
//
// Few rows are close to a border between segments, and they are strewn over all tiles. So the rows of tiles whose
// bounds expired are sorted among themselves, group by group: by label, then by slack (bounds.h). Then most tiles have
// rows of one segment that all hold for long, and those that expire again and again stand together. Only the rows'
// places change: sums are integers, and end_fit brings every row back.
#pragma once

#include <cstdint>
#include <vector>

#include "cpu_rows.h"
#include "kernels.h"

namespace clientele {

/// Rows of a group, at most; order() counts them in 16 bits.
inline constexpr int64_t kMostOrderRows = 65536;
/// Rows of a group of d features: a copy of it should stay in a core's share of the last cache level.
int64_t order_rows(int d);

/// Bytes of scratch memory that one worker takes for rows of d features, at most.
int64_t order_scratch_bytes(int64_t rows, int d);

/// Scratch memory of one worker: rows side by side, and what belongs to them.
struct OrderScratch {
  std::vector<int64_t> tiles;  ///< whose rows they are, and which they go back to
  std::vector<float> features;
  std::vector<int32_t> labels;
  std::vector<int64_t> weights;
  std::vector<uint16_t> order;
  std::vector<float> slacks;
  std::vector<uint32_t> from, next, bins;
};

/// Room for scratch.tiles, which are full.
void make_room(const CpuRows& rows, OrderScratch& scratch);
/// Copies scratch.tiles[first, first + count) into the rest of scratch, all but slacks; features by rows.
void take_tiles(const CpuRows& rows, size_t first, size_t count, OrderScratch& scratch);
/// Sorts the taken rows by label and slack, puts them back into the same tiles, and sets the bounds of those (drift:
/// null where they have none).
void put_back_sorted(CpuRows& rows, int k, const DriftView* drift, OrderScratch& scratch);
/// Every row of the group to its own place.
void restore_group(CpuRows& rows, int64_t first_tile, OrderScratch& scratch);

}  // namespace clientele
