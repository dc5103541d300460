// Fixed-point integers q = llrint(double(x) * scale) of four rows at once (exactness.md 3).
#include <hwy/highway.h>

#include "cpu_rows.h"

#if defined(CLIENTELE_QUANTISE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CLIENTELE_QUANTISE_INL_H_
#undef CLIENTELE_QUANTISE_INL_H_
#else
#define CLIENTELE_QUANTISE_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace clientele {
namespace HWY_NAMESPACE {
#if HWY_NATIVE_FMA

namespace hn = hwy::HWY_NAMESPACE;

/// Adding 1.5 * 2^52 leaves a number below 2^51, rounded half to even, in the low bits of the sum; x * scale itself is
/// exact.
inline constexpr double kRounder = 0x1.8p52;
inline constexpr int64_t kRounderBits = int64_t{0x4338000000000000};

using FourFloats = hn::FixedTag<float, 4>;
using Quantised = hn::CappedTag<int64_t, 4>;
using QuantisedDouble = hn::RebindToFloat<Quantised>;
inline constexpr int kQuantised = static_cast<int>(hn::MaxLanes(Quantised()));

/// The doubles (a vector of D) of four floats, from lane `first` on.
template <class D>
HWY_INLINE hn::Vec<D> promote_lanes(D dd, hn::Vec<FourFloats> x, int first) {
  const hn::Rebind<float, D> narrow;
  if constexpr (hn::MaxLanes(D()) == 4) {
    (void)narrow;
    (void)first;
    return hn::PromoteTo(dd, x);
  } else {
    return hn::PromoteTo(dd, first == 0 ? hn::LowerHalf(narrow, x) : hn::UpperHalf(narrow, x));
  }
}

HWY_INLINE hn::Vec<QuantisedDouble> promote_part(hn::Vec<FourFloats> x, int first) {
  return promote_lanes(QuantisedDouble(), x, first);
}

/// q of kQuantised doubles and as many scales.
HWY_INLINE hn::Vec<Quantised> quantise_vector(hn::Vec<QuantisedDouble> x, const double* scales) {
  const QuantisedDouble dd;
  const auto rounded = hn::MulAdd(x, hn::LoadU(dd, scales), hn::Set(dd, kRounder));
  return hn::Sub(hn::BitCast(Quantised(), rounded), hn::Set(Quantised(), kRounderBits));
}

HWY_INLINE int64_t quantise_one(float x, double scale) {
  const double rounded = static_cast<double>(x) * scale + kRounder;
  int64_t bits = 0;
  hwy::CopySameSize(&rounded, &bits);
  return bits - kRounderBits;
}

/// out[i] = (a[i], b[i], c[i], d[i]).
HWY_INLINE void transpose_four(const float* pa, const float* pb, const float* pc, const float* pd,
                               hn::Vec<FourFloats> (&out)[4]) {
  const FourFloats d4;
  const auto a = hn::LoadU(d4, pa), b = hn::LoadU(d4, pb), c = hn::LoadU(d4, pc), d = hn::LoadU(d4, pd);
  const auto ab_low = hn::InterleaveLower(d4, a, b);
  const auto cd_low = hn::InterleaveLower(d4, c, d);
  const auto ab_high = hn::InterleaveUpper(d4, a, b);
  const auto cd_high = hn::InterleaveUpper(d4, c, d);
  const hn::Repartition<double, FourFloats> pairs;
  const auto p0 = hn::BitCast(pairs, ab_low), p1 = hn::BitCast(pairs, cd_low);
  const auto p2 = hn::BitCast(pairs, ab_high), p3 = hn::BitCast(pairs, cd_high);
  out[0] = hn::BitCast(d4, hn::InterleaveLower(pairs, p0, p1));
  out[1] = hn::BitCast(d4, hn::InterleaveUpper(pairs, p0, p1));
  out[2] = hn::BitCast(d4, hn::InterleaveLower(pairs, p2, p3));
  out[3] = hn::BitCast(d4, hn::InterleaveUpper(pairs, p2, p3));
}

#endif  // HWY_NATIVE_FMA
}  // namespace HWY_NAMESPACE
}  // namespace clientele
HWY_AFTER_NAMESPACE();
#endif
