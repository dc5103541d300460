#include <algorithm>
#include <cmath>

#include "clientele/compute/formulas.h"
#include "cpu_rows.h"
#include "kernels.h"

namespace clientele {
namespace {

void add_lane(double x, int lane, MomentLanes& lanes) {
  const double t = x - lanes.shift;
  lanes.p[lane] += t;
  lanes.q[lane] = std::fma(t, t, lanes.q[lane]);
  lanes.min = std::min(lanes.min, x);
  lanes.max = std::max(lanes.max, x);
}

class ScalarColumn final : public ColumnKernels {
 public:
  int64_t add_moments(std::span<const double> values, MomentLanes& lanes) const override {
    size_t done = 0;
    for (; done + kLanes <= values.size(); done += kLanes) {
      const auto group = values.subspan(done, kLanes);
      if (!std::all_of(group.begin(), group.end(), [](double x) { return std::isfinite(x); })) break;
      for (int lane = 0; lane < kLanes; ++lane) add_lane(group[static_cast<size_t>(lane)], lane, lanes);
    }
    return static_cast<int64_t>(done);
  }

  void add_row_moments(const Tiles& tiles, std::span<MomentLanes> lanes) const override {
    for (int64_t t = 0; t < tiles.count / 4 * 4; ++t)
      for (int j = 0; j < tiles.d; ++j)
        for (int i = 0; i < kTileRows; ++i)
          add_lane(static_cast<double>(tiles.data[(t * tiles.d + j) * kTileRows + i]),
                   static_cast<int>(t % 4) * kTileRows + i, lanes[static_cast<size_t>(j)]);
  }

  TransformTally transform_number(const FeatureTransform& f, const double* values, int64_t tiles, float* out,
                                  int64_t out_stride) const override {
    TransformTally tally;
    for (int64_t i = 0; i < tiles * kTileRows; ++i) {
      const double v = transform_value(f, nullptr, values[i]);
      const float feature = to_feature(v);
      if (is_flushed(v)) ++tally.flushed;
      if (!std::isfinite(feature)) tally.all_finite = false;
      out[i / kTileRows * out_stride + i % kTileRows] = feature;
    }
    return tally;
  }

  void centre(float* tiles, int64_t count, std::span<const double> means) const override {
    for (int64_t t = 0; t < count; ++t)
      for (size_t j = 0; j < means.size(); ++j)
        for (int i = 0; i < kTileRows; ++i, ++tiles) *tiles = centred_value(*tiles, means[j]);
  }

  void max_abs(const Tiles& tiles, std::span<float> largest) const override {
    const float* x = tiles.data;
    for (int64_t t = 0; t < tiles.count; ++t)
      for (float& most : largest)
        for (int i = 0; i < kTileRows; ++i, ++x) most = std::max(most, std::fabs(*x));
  }

  void square_sums(const Tiles& tiles, std::span<const double> scales, std::span<Int128> sums) const override {
    for (int64_t row = 0; row < tiles.rows; ++row)
      for (size_t j = 0; j < scales.size(); ++j) {
        const int64_t first = (row / kTileRows * tiles.d + static_cast<int64_t>(j)) * kTileRows;
        const Int128 q = quantise(tiles.data[first + row % kTileRows], scales[j]);
        sums[j] += q * q;
      }
  }
};

}  // namespace

const ColumnKernels& scalar_column_kernels() {
  static const ScalarColumn kernels;
  return kernels;
}

}  // namespace clientele
