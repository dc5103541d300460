#include "moments.h"

namespace clientele {

void add_values(const ColumnKernels& kernels, int64_t row_in_block, std::span<const double> values,
                MomentLanes& lanes) {
  while (!values.empty()) {
    if (row_in_block % kLanes == 0 && lanes.present > 0) {
      const size_t taken = static_cast<size_t>(kernels.add_moments(values, lanes));
      lanes.present += static_cast<int64_t>(taken);
      row_in_block += static_cast<int64_t>(taken);
      values = values.subspan(taken);
    }
    // The first values of a block (the shift is not known yet), a group with a missing or infinite value, or the ends.
    const size_t piece = std::min(values.size(), static_cast<size_t>(kLanes - row_in_block % kLanes));
    lanes.add(row_in_block, values.first(piece));
    row_in_block += static_cast<int64_t>(piece);
    values = values.subspan(piece);
  }
}

std::vector<Moments> block_moments(const ColumnKernels& kernels, const CpuRows& rows, int64_t first, int64_t count) {
  const size_t d = static_cast<size_t>(rows.d());
  const Tiles tiles = tiles_of(rows, first, count);
  const int64_t whole = tiles.rows / kLanes * kLanes;
  std::vector<MomentLanes> lanes(d);
  for (size_t j = 0; j < d; ++j) lanes[j].shift = static_cast<double>(tiles.data[j * kTileRows]);
  kernels.add_row_moments({tiles.data, whole / kTileRows, whole, tiles.d}, lanes);
  std::vector<Moments> moments;
  moments.reserve(d);
  for (size_t j = 0; j < d; ++j) {
    lanes[j].present = whole;
    for (int64_t row = whole; row < tiles.rows; ++row) {
      const double x = static_cast<double>(rows.at(first * kTileRows + row, static_cast<int>(j)));
      lanes[j].add(row, {&x, 1});
    }
    moments.push_back(lanes[j].close());
  }
  return moments;
}

}  // namespace clientele
