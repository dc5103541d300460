// Canonical distances and dot products in Highway, rows side by side.
#include "kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "distance_simd.cpp"
#include <hwy/foreach_target.h>
// Highway's order: foreach_target first.
#include <hwy/highway.h>

#include "distance-inl.h"
#include "quantise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace clientele {
namespace HWY_NAMESPACE {
#if HWY_NATIVE_FMA
namespace {

namespace hn = hwy::HWY_NAMESPACE;

/// One step of four chains: lanes x (from coordinate j of the tile) against c.
template <int kParts>
HWY_INLINE void own_step(const float* x, hn::Vec<FourFloats> c, hn::Vec<QuantisedDouble> (&acc)[kParts]) {
  const auto four = hn::LoadU(FourFloats(), x);
  for (int part = 0; part < kParts; ++part) {
    const auto t = hn::Sub(promote_part(four, part * kQuantised), promote_part(c, part * kQuantised));
    acc[part] = hn::MulAdd(t, t, acc[part]);
  }
}

/// D of four neighbouring lanes, each to a point of its own.
HWY_INLINE void d2_four(const float* tile, int d, const float* (&point)[4], double* out) {
  const QuantisedDouble dd;  // 4 doubles, or 2 where vectors are narrow
  constexpr int kParts = 4 / kQuantised;
  hn::Vec<QuantisedDouble> acc[kParts];
  for (int part = 0; part < kParts; ++part) acc[part] = hn::Zero(dd);
  int j = 0;
  for (; j + 4 <= d; j += 4) {
    hn::Vec<FourFloats> c[4];
    transpose_four(point[0] + j, point[1] + j, point[2] + j, point[3] + j, c);
    for (int i = 0; i < 4; ++i) own_step(tile + (j + i) * kTileRows, c[i], acc);
  }
  for (; j < d; ++j) {
    alignas(16) const float column[4] = {point[0][j], point[1][j], point[2][j], point[3][j]};
    own_step(tile + j * kTileRows, hn::Load(FourFloats(), column), acc);
  }
  for (int part = 0; part < kParts; ++part) hn::StoreU(acc[part], dd, out + part * kQuantised);
}

/// Dot products of one tile with C means.
template <int C>
HWY_INLINE void dot_tile(const float* HWY_RESTRICT tile, int d, const double* HWY_RESTRICT means,
                         double* HWY_RESTRICT out, int64_t out_stride) {
  const DoubleTag dd;
  hn::Vec<DoubleTag> acc[C][kDoubleVectors];
  for (int c = 0; c < C; ++c)
    for (int v = 0; v < kDoubleVectors; ++v) acc[c][v] = hn::Zero(dd);
  for (int j = 0; j < d; ++j) {
    hn::Vec<DoubleTag> x[kDoubleVectors];
    load_doubles(tile + j * kTileRows, x);
    for (int c = 0; c < C; ++c) {
      const auto mean = hn::Set(dd, means[c * d + j]);
      for (int v = 0; v < kDoubleVectors; ++v) acc[c][v] = hn::MulAdd(x[v], mean, acc[c][v]);
    }
  }
  for (int c = 0; c < C; ++c)
    for (int v = 0; v < kDoubleVectors; ++v) hn::StoreU(acc[c][v], dd, out + c * out_stride + v * kDoubles);
}

HWY_INLINE void norm_tile(const float* HWY_RESTRICT tile, int d, double* HWY_RESTRICT out) {
  const DoubleTag dd;
  hn::Vec<DoubleTag> acc[kDoubleVectors];
  for (int v = 0; v < kDoubleVectors; ++v) acc[v] = hn::Zero(dd);
  for (int j = 0; j < d; ++j) {
    hn::Vec<DoubleTag> x[kDoubleVectors];
    load_doubles(tile + j * kTileRows, x);
    for (int v = 0; v < kDoubleVectors; ++v) acc[v] = hn::MulAdd(x[v], x[v], acc[v]);
  }
  for (int v = 0; v < kDoubleVectors; ++v) hn::StoreU(acc[v], dd, out + v * kDoubles);
}

class SimdDistance final : public DistanceKernels {
 public:
  void d2_to_points(const Tiles& tiles, const float* points, int count, double* out,
                    int64_t out_stride) const override {
    for (int64_t t = 0; t < tiles.count; ++t) {
      const float* tile = tiles.data + t * kTileRows * tiles.d;
      double* slots = out + t * kTileRows;
      int p = 0;
      for (; p + 2 <= count; p += 2)
        d2_tile<2>(tile, tiles.d, points + int64_t{p} * tiles.d, slots + p * out_stride, out_stride);
      if (p < count) d2_tile<1>(tile, tiles.d, points + int64_t{p} * tiles.d, slots + p * out_stride, out_stride);
    }
  }

  void d2_to_own(const Tiles& tiles, const float* centroids, const int32_t* labels, double* out) const override {
    for (int64_t row = 0; row < tiles.count * kTileRows; row += 4) {
      const float* points[4];
      for (int r = 0; r < 4; ++r) points[r] = centroids + int64_t{labels[row + r]} * tiles.d;
      d2_four(tiles.data + row / kTileRows * kTileRows * tiles.d + row % kTileRows, tiles.d, points, out + row);
    }
  }

  void dots(const Tiles& tiles, const double* means, int k, double* norm2, double* dots,
            int64_t out_stride) const override {
    for (int64_t t = 0; t < tiles.count; ++t) {
      const float* tile = tiles.data + t * kTileRows * tiles.d;
      norm_tile(tile, tiles.d, norm2 + t * kTileRows);
      double* slots = dots + t * kTileRows;
      int c = 0;
      for (; c + 3 <= k; c += 3)
        dot_tile<3>(tile, tiles.d, means + int64_t{c} * tiles.d, slots + c * out_stride, out_stride);
      for (; c < k; ++c) dot_tile<1>(tile, tiles.d, means + int64_t{c} * tiles.d, slots + c * out_stride, out_stride);
    }
  }

  void margins(const double* first_d2, const double* second_d2, int64_t count, double* root,
               double* margin) const override {
    const DoubleTag dd;
    const auto zero = hn::Zero(dd);
    for (int64_t i = 0; i < count; i += kDoubles) {
      const auto r1 = hn::Sqrt(hn::LoadU(dd, first_d2 + i));
      const auto r2 = hn::Sqrt(hn::LoadU(dd, second_d2 + i));
      hn::StoreU(r1, dd, root + i);
      hn::StoreU(hn::IfThenElseZero(hn::Gt(r2, zero), hn::Div(hn::Sub(r2, r1), r2)), dd, margin + i);
    }
  }
};

}  // namespace

const DistanceKernels* simd_distance() {
  static const SimdDistance kernels;
  return &kernels;
}
#else
const DistanceKernels* simd_distance() {
  return nullptr;
}
#endif  // HWY_NATIVE_FMA
}  // namespace HWY_NAMESPACE
}  // namespace clientele
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "simd_level.h"
namespace clientele {
const DistanceKernels* simd_distance_kernels(SimdLevel level) {
  return CLIENTELE_SIMD(level, simd_distance);
}
}  // namespace clientele
#endif
