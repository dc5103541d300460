// Canonical D of 16 rows side by side in double: each row's fma chain over j ascending, so the bits are those of
// canonical_d2.
#include <hwy/highway.h>

#include "cpu_rows.h"

#if defined(CLIENTELE_DISTANCE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CLIENTELE_DISTANCE_INL_H_
#undef CLIENTELE_DISTANCE_INL_H_
#else
#define CLIENTELE_DISTANCE_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace clientele {
namespace HWY_NAMESPACE {
#if HWY_NATIVE_FMA

namespace hn = hwy::HWY_NAMESPACE;

using DoubleTag = hn::CappedTag<double, 8>;
using NarrowTag = hn::Rebind<float, DoubleTag>;
inline constexpr int kDoubles = static_cast<int>(hn::MaxLanes(DoubleTag()));
/// Vectors of doubles in a tile.
inline constexpr int kDoubleVectors = kTileRows / kDoubles;

/// 16 floats as doubles.
HWY_INLINE void load_doubles(const float* from, hn::Vec<DoubleTag> (&out)[kDoubleVectors]) {
  for (int v = 0; v < kDoubleVectors; ++v)
    out[v] = hn::PromoteTo(DoubleTag(), hn::LoadU(NarrowTag(), from + v * kDoubles));
}

/// out[p * out_stride + lane] = D(row lane, points + p * d), P points at once.
template <int P>
HWY_INLINE void d2_tile(const float* HWY_RESTRICT tile, int d, const float* HWY_RESTRICT points,
                        double* HWY_RESTRICT out, int64_t out_stride) {
  const DoubleTag dd;
  hn::Vec<DoubleTag> acc[P][kDoubleVectors];
  for (int p = 0; p < P; ++p)
    for (int v = 0; v < kDoubleVectors; ++v) acc[p][v] = hn::Zero(dd);
  for (int j = 0; j < d; ++j) {
    hn::Vec<DoubleTag> x[kDoubleVectors];
    load_doubles(tile + j * kTileRows, x);
    for (int p = 0; p < P; ++p) {
      const auto c = hn::Set(dd, static_cast<double>(points[p * d + j]));
      for (int v = 0; v < kDoubleVectors; ++v) {
        const auto t = hn::Sub(x[v], c);
        acc[p][v] = hn::MulAdd(t, t, acc[p][v]);
      }
    }
  }
  for (int p = 0; p < P; ++p)
    for (int v = 0; v < kDoubleVectors; ++v) hn::StoreU(acc[p][v], dd, out + p * out_stride + v * kDoubles);
}

#endif  // HWY_NATIVE_FMA
}  // namespace HWY_NAMESPACE
}  // namespace clientele
HWY_AFTER_NAMESPACE();
#endif
