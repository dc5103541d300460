#include "transform_rows.h"

#include <cmath>

#include "clientele/base/errors.h"
#include "clientele/compute/formulas.h"

namespace clientele {
namespace {

using Counts = ColumnOps::TransformCounts;

void note_bad(int64_t global_row, int feature, Counts& counts) {
  ++counts.non_finite;
  const bool lower = counts.first_bad_row < 0 || global_row < counts.first_bad_row ||
                     (global_row == counts.first_bad_row && feature < counts.first_bad_feature);
  if (!lower) return;
  counts.first_bad_row = global_row;
  counts.first_bad_feature = feature;
}

/// The definition, row by row: rows [begin, end) of the piece, which starts at row `start` of the block.
void transform_plain(const FeatureTransform& f, int feature, std::span<const double> column,
                     std::span<const double> knots, int64_t begin, int64_t end, int64_t start, CpuRows& out,
                     Counts& counts) {
  for (int64_t i = begin; i < end; ++i) {
    const double v = transform_value(f, knots.data(), column[static_cast<size_t>(i)]);
    const float value = to_feature(v);
    const int64_t row = start + i;
    if (is_flushed(v)) ++counts.flushed;
    if (!std::isfinite(value)) note_bad(out.first_row() + row, feature, counts);
    out.tile(row / kTileRows)[feature * kTileRows + row % kTileRows] = value;
  }
}

}  // namespace

Counts transform_rows(const ColumnKernels& kernels, ColumnsView<const double> values,
                      std::span<const FeatureTransform> features, std::span<const double> knots, CpuRows& out,
                      int64_t row_in_out) {
  if (row_in_out < 0 || row_in_out + values.rows > out.rows() || static_cast<int>(features.size()) != out.d())
    throw Error(ErrorKind::internal, {.what = "a piece of rows does not fit its block"});
  Counts counts;
  // Pieces in which the tiles of all features stay in the cache until each of their lines is full.
  constexpr int64_t kPiece = 256;
  for (int64_t begin = 0; begin < values.rows;) {
    const int64_t row = row_in_out + begin;
    const int64_t to_tile = (kTileRows - row % kTileRows) % kTileRows;
    const int64_t left = values.rows - begin;
    const int64_t count = to_tile > 0 ? std::min(to_tile, left) : std::min(left, kPiece);
    const int64_t tiles = to_tile > 0 ? 0 : count / kTileRows;
    for (int j = 0; j < out.d(); ++j) {
      const FeatureTransform& f = features[static_cast<size_t>(j)];
      const auto column = values.column(f.source);
      const bool plain = f.form != FeatureForm::number || f.curve != Curve::none;
      int64_t done = 0;
      if (!plain && tiles > 0) {
        const auto tally = kernels.transform_number(
            f, column.data() + begin, tiles, out.tile(row / kTileRows) + j * kTileRows, int64_t{kTileRows} * out.d());
        if (tally.all_finite) {  // otherwise once more, to find the rows
          counts.flushed += tally.flushed;
          done = tiles * kTileRows;
        }
      }
      transform_plain(f, j, column, knots, begin + done, begin + count, row_in_out, out, counts);
    }
    begin += count;
  }
  return counts;
}

}  // namespace clientele
