// Bounds of bounds.h in Highway: slacks from a ranking.
#include <hwy/highway.h>

#include <bit>

#include "bounds.h"
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

/// At least |x|^2 + 2 v of rows with |x|^2 = norm2 (rounded up): a squared distance from a bound v of |c|^2/2 - x.c.
HWY_INLINE Floats d2_above(Floats norm2, Floats v) {
  const FloatTag df;
  const auto sum = hn::Max(hn::MulAdd(hn::Set(df, 2.0f), v, norm2), hn::Zero(df));
  return hn::MulAdd(sum, hn::Set(df, 1 + 0x1p-20f), hn::Mul(norm2, hn::Set(df, 0x1p-19f)));
}

/// At most (distance to others - own) of rows: `lower` is a lower bound of the screened values of the others, `best` of
/// the own centroid's, which the screen certified. With a and b upper and lower bounds of own and others it is at least
/// 2 (b - a) / (sqrt(|x|^2 + 2 a) + sqrt(|x|^2 + 2 b)) (exactness.md 4, Skip). A NaN is no slack.
HWY_INLINE Floats slack_of(const Screen& screen, Floats length, Floats best, Floats lower) {
  const FloatTag df;
  const auto rounding = hn::Set(df, static_cast<float>(screen.d + 4) * 0x1p-50f);
  const auto gap = widest_gap(screen, length);
  const auto norm2 = hn::Mul(hn::Mul(length, length), hn::Set(df, 1 + 0x1p-20f));
  const auto roots = hn::Add(hn::Sqrt(d2_above(norm2, hn::Add(best, gap))), hn::Sqrt(d2_above(norm2, lower)));
  const auto apart =
      hn::Sub(hn::Mul(hn::Sub(lower, best), hn::Set(df, kLess)), hn::Mul(gap, hn::Set(df, 1 + 0x1p-20f)));
  const auto slack =
      hn::Sub(hn::Mul(hn::Div(hn::Add(apart, apart), roots), hn::Set(df, kLess)), hn::Mul(roots, rounding));
  return hn::IfThenElse(hn::Gt(slack, hn::Zero(df)), slack, hn::Zero(df));
}

/// Slacks of a tile whose labels the screen certified; uncertain rows have none.
template <int V>
HWY_INLINE void find_slacks(const Screen& screen, const Ranking<V, 1>& r, int v0, uint32_t uncertain, float* slacks) {
  for (int i = 0; i < kTileVectors; ++i)
    hn::StoreU(slack_of(screen, r.length[v0 + i], r.best[v0 + i], r.second[v0 + i]), FloatTag(), slacks + i * kFloats);
  for (; uncertain != 0; uncertain &= uncertain - 1) slacks[std::countr_zero(uncertain)] = 0;
}

#endif  // HWY_NATIVE_FMA
}  // namespace HWY_NAMESPACE
}  // namespace clientele
HWY_AFTER_NAMESPACE();
#endif
