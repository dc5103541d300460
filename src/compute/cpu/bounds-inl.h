// Bounds of bounds.h in Highway: which rows of a tile have expired, and new expiries from a ranking.
#include <hwy/highway.h>

#include <algorithm>

#include "kernels.h"
#include "screen-inl.h"

#if defined(CLIENTELE_BOUNDS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CLIENTELE_BOUNDS_INL_H_
#undef CLIENTELE_BOUNDS_INL_H_
#else
#define CLIENTELE_BOUNDS_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace clientele {
namespace HWY_NAMESPACE {
#if HWY_NATIVE_FMA

namespace hn = hwy::HWY_NAMESPACE;

/// Makes up for a few roundings of positive float32 numbers, downwards.
inline constexpr float kLess = 1 - 0x1p-20f;

/// The expiry of a tile whose rows have at least `remaining` drift left, by Drift::any.
HWY_INLINE float tile_expiry_of(float remaining, const DriftView& drift) {
  return remaining > 0 ? (remaining * kLess + drift.any_down) * kLess : 0.0f;
}

/// Bit i: row i of the tile has expired. remaining: the least that the drift of a segment may still grow by before
/// another row expires.
HWY_INLINE uint32_t expired_bits(const float* expiry, const int32_t* labels, const DriftView& drift, float& remaining) {
  const FloatTag df;
  const IndexTag di;
  auto least = hn::Set(df, HUGE_VALF);
  uint32_t bits = 0;
  for (int i = 0; i < kTileVectors; ++i) {
    const auto label = hn::Max(hn::LoadU(di, labels + i * kFloats), hn::Zero(di));  // -1 in the padding
    const auto limit = hn::LoadU(df, expiry + i * kFloats);
    const auto now = hn::GatherIndex(df, drift.up, label);
    const auto holds = hn::Lt(now, limit);
    least = hn::Min(least, hn::IfThenElse(holds, hn::Sub(limit, now), hn::Set(df, HUGE_VALF)));
    bits |= lane_bits(df, hn::Not(holds), i);
  }
  remaining = hn::GetLane(hn::MinOfLanes(df, least));
  return bits;
}

/// At least |x|^2 + 2 v of rows with |x|^2 = norm2 (rounded up): a squared distance from a bound v of |c|^2/2 - x.c.
HWY_INLINE Floats d2_above(Floats norm2, Floats v) {
  const FloatTag df;
  const auto sum = hn::Max(hn::MulAdd(hn::Set(df, 2.0f), v, norm2), hn::Zero(df));
  return hn::MulAdd(sum, hn::Set(df, 1 + 0x1p-20f), hn::Mul(norm2, hn::Set(df, 0x1p-19f)));
}

/// Expiries of a tile whose labels the screen certified; uncertain rows expire at once. With a and b upper and lower
/// bounds of the screened values of the nearest and of all other centroids, (distance to others - own) is at least
/// 2 (b - a) / (sqrt(|x|^2 + 2 a) + sqrt(|x|^2 + 2 b)) (exactness.md 4, Skip).
template <int V>
HWY_INLINE void renew_expiry(const Screen& screen, const Ranking<V, 1>& r, int v0, uint32_t uncertain,
                             const DriftView& drift, float* expiry) {
  const FloatTag df;
  const auto rounding = hn::Set(df, static_cast<float>(screen.d + 4) * 0x1p-50f);
  for (int i = 0; i < kTileVectors; ++i) {
    const int v = v0 + i;
    const auto gap = widest_gap(screen, r.length[v]);
    const auto norm2 = hn::Mul(hn::Mul(r.length[v], r.length[v]), hn::Set(df, 1 + 0x1p-20f));
    const auto roots =
        hn::Add(hn::Sqrt(d2_above(norm2, hn::Add(r.best[v], gap))), hn::Sqrt(d2_above(norm2, r.second[v])));
    const auto apart =
        hn::Sub(hn::Mul(hn::Sub(r.second[v], r.best[v]), hn::Set(df, kLess)), hn::Mul(gap, hn::Set(df, 1 + 0x1p-20f)));
    const auto slack =
        hn::Sub(hn::Mul(hn::Div(hn::Add(apart, apart), roots), hn::Set(df, kLess)), hn::Mul(roots, rounding));
    const auto begun = hn::GatherIndex(df, drift.down, r.first_index[v]);
    const auto sum = hn::Mul(hn::Add(slack, begun), hn::Set(df, kLess));
    // A NaN is no slack.
    hn::StoreU(hn::IfThenElse(hn::Gt(slack, hn::Zero(df)), sum, hn::Zero(df)), df, expiry + i * kFloats);
  }
  for (; uncertain != 0; uncertain &= uncertain - 1) expiry[std::countr_zero(uncertain)] = 0;
}

#endif  // HWY_NATIVE_FMA
}  // namespace HWY_NAMESPACE
}  // namespace clientele
HWY_AFTER_NAMESPACE();
#endif
