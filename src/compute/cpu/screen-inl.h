// The float32 screen of exactness.md 4: lower bounds of |c|^2/2 - x.c for a few vectors of rows against a group of
// centroids held in registers, ranked per lane. No k-wide buffer is written and nothing crosses lanes.
#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <type_traits>

#include "cpu_rows.h"
#include "screen.h"

#if defined(CLIENTELE_SCREEN_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CLIENTELE_SCREEN_INL_H_
#undef CLIENTELE_SCREEN_INL_H_
#else
#define CLIENTELE_SCREEN_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace clientele {
namespace HWY_NAMESPACE {
#if HWY_NATIVE_FMA

namespace hn = hwy::HWY_NAMESPACE;

using FloatTag = hn::CappedTag<float, kTileRows>;
using IndexTag = hn::RebindToSigned<FloatTag>;
using Floats = hn::Vec<FloatTag>;
using Indices = hn::Vec<IndexTag>;
inline constexpr int kFloats = static_cast<int>(hn::MaxLanes(FloatTag()));
inline constexpr int kTileVectors = kTileRows / kFloats;
/// Tiles screened together: with 16 lanes and 32 registers, four vectors of rows share each centroid's broadcast.
inline constexpr int kStepTiles = kFloats == 16 ? 4 : 1;

/// The smallest lower bounds so far (the best three where kRunners is 2) of V vectors of rows, and whose they are.
template <int V, int kRunners>
struct Ranking {
  Floats length[V];
  Floats best[V], second[V];
  Indices first_index[V];
  Floats third[V];          // kRunners == 2 only
  Indices second_index[V];  // kRunners == 2 only
};

template <int V, int kRunners>
HWY_INLINE void clear(Ranking<V, kRunners>& r) {
  const FloatTag df;
  const auto infinity = hn::Set(df, HUGE_VALF);
  for (int v = 0; v < V; ++v) {
    r.best[v] = r.second[v] = r.third[v] = infinity;
    r.first_index[v] = r.second_index[v] = hn::Zero(IndexTag());
  }
}

/// Blended as float32: masks come from comparisons of those, and a blend of integers would convert them.
HWY_INLINE Indices choose(hn::Mask<FloatTag> mask, Indices yes, Indices no) {
  const FloatTag df;
  return hn::BitCast(IndexTag(), hn::IfThenElse(mask, hn::BitCast(df, yes), hn::BitCast(df, no)));
}

template <int V, int kRunners>
HWY_INLINE void rank_one(Floats lower, Indices index, int v, Ranking<V, kRunners>& r) {
  const auto wins = hn::Lt(lower, r.best[v]);
  if constexpr (kRunners == 1) {
    r.second[v] = hn::Min(r.second[v], hn::Max(r.best[v], lower));
  } else {
    const auto displaced = hn::Max(r.best[v], lower);
    const auto displaced_index = choose(wins, r.first_index[v], index);
    const auto follows = hn::Lt(displaced, r.second[v]);
    r.third[v] = hn::Min(r.third[v], hn::Max(r.second[v], displaced));
    r.second[v] = hn::Min(r.second[v], displaced);
    r.second_index[v] = choose(follows, displaced_index, r.second_index[v]);
  }
  r.first_index[v] = choose(wins, index, r.first_index[v]);
  r.best[v] = hn::Min(r.best[v], lower);
}

/// A bound on the lengths of rows (screen_length).
HWY_INLINE Floats length_of(Floats norm2, const Screen& screen) {
  const FloatTag df;
  return hn::MulAdd(hn::Sqrt(norm2), hn::Set(df, screen.growth), hn::Set(df, 0x1p-60f));
}

/// Where the screen's term of the rows' lengths comes from.
enum class Lengths {
  find,   ///< the first group of a tile finds them beside its products
  found,  ///< they are in the ranking, one a row: sums begin with their term (screen_bound: any order)
  given,  ///< the same, with one bound for all rows of a tile
};

/// A walk over the screen's groups, which lie one behind the other.
struct PackedGroups {
  const float* panel;
  const int32_t* index;
};

/// The next NC centroids against V vectors of rows. kFirst: the first group of a tile, which also asks for the columns
/// `ahead` floats further on: neither the memory's latency nor a page's end then stops the next tiles. Short loops are
/// unrolled, so that sums stay in registers from their first value to their ranking.
template <int NC, Lengths kLengths, bool kFirst, int V, int kRunners>
HWY_INLINE void rank_packed(const float* HWY_RESTRICT column, const Screen& screen, int64_t ahead, PackedGroups& at,
                            Ranking<V, kRunners>& r) {
  const FloatTag df;
  const int64_t tile_floats = int64_t{kTileRows} * screen.d;
  const float* HWY_RESTRICT panel = at.panel;
  const float* const slopes = panel + int64_t{NC} * screen.d;
  Floats acc[NC][V], norm[V];
#pragma GCC unroll 8
  for (int c = 0; c < NC; ++c) {
    const auto slope = hn::Set(df, slopes[c]), bias = hn::Set(df, slopes[NC + c]);
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) {
      if constexpr (kLengths == Lengths::find)
        acc[c][v] = bias;
      else if (kLengths == Lengths::given && v % kTileVectors != 0)
        acc[c][v] = acc[c][v - 1];
      else
        acc[c][v] = hn::MulAdd(r.length[v], slope, bias);
    }
  }
#pragma GCC unroll 8
  for (int v = 0; v < V; ++v) norm[v] = hn::Zero(df);
#pragma GCC unroll 4
  for (; panel != slopes; panel += NC, column += kTileRows) {
    Floats x[V];
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v)
      x[v] = hn::LoadU(df, column + v / kTileVectors * tile_floats + v % kTileVectors * kFloats);
    if constexpr (kFirst)
      for (int t = 0; t < V / kTileVectors; ++t) hwy::Prefetch(column + t * tile_floats + ahead);
    if constexpr (kLengths == Lengths::find)
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) norm[v] = hn::MulAdd(x[v], x[v], norm[v]);
#pragma GCC unroll 8
    for (int c = 0; c < NC; ++c) {
      const auto coordinate = hn::Set(df, panel[c]);
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) acc[c][v] = hn::MulAdd(x[v], coordinate, acc[c][v]);
    }
  }
#pragma GCC unroll 8
  for (int v = 0; v < V; ++v) {
    if constexpr (kLengths == Lengths::find) r.length[v] = length_of(norm[v], screen);
#pragma GCC unroll 8
    for (int c = 0; c < NC; ++c) {
      auto lower = acc[c][v];
      if constexpr (kLengths == Lengths::find) lower = hn::MulAdd(r.length[v], hn::Set(df, slopes[c]), lower);
      rank_one(lower, hn::Set(IndexTag(), at.index[c]), v, r);
    }
  }
  at.panel = slopes + 2 * NC;
  at.index += NC;
}

/// V vectors of rows against all centroids: groups of S, then groups of S + 1. kFirst: of the first group's lengths.
template <int S, Lengths kFirst, int V, int kRunners>
HWY_INLINE void rank_all(const float* tile, const Screen& screen, int64_t ahead, Ranking<V, kRunners>& r) {
  constexpr Lengths kNext = kFirst == Lengths::find ? Lengths::found : kFirst;
  const int groups = static_cast<int>(screen.groups.size()), larger = screen.k - S * groups;
  PackedGroups at{screen.groups[0].panel, screen.groups[0].index};
  clear(r);
  rank_packed<S, kFirst, true>(tile, screen, ahead, at, r);
  for (int g = 1; g < groups - larger; ++g) rank_packed<S, kNext, false>(tile, screen, 0, at, r);
  for (int g = 0; g < larger; ++g) rank_packed<S + 1, kNext, false>(tile, screen, 0, at, r);
}

/// body(integral_constant of S) for the screen's groups: what depends on their size is compiled for each.
template <class Body>
HWY_INLINE void for_group_size(const Screen& screen, const Body& body) {
  switch (screen.groups[0].size) {
    case 1:
      return body(std::integral_constant<int, 1>());
    case 2:
      return body(std::integral_constant<int, 2>());
    case 3:
      return body(std::integral_constant<int, 3>());
    case 4:
      return body(std::integral_constant<int, 4>());
    default:
      return body(std::integral_constant<int, 5>());
  }
}

/// Bits of vector `vector` of a tile where the mask holds.
template <class D, class Mask>
HWY_INLINE uint32_t lane_bits(D tag, Mask mask, int vector) {
  uint8_t packed[8] = {};
  hn::StoreMaskBits(tag, mask, packed);
  return (static_cast<uint32_t>(packed[0]) | static_cast<uint32_t>(packed[1]) << 8) << (vector * kFloats);
}

/// A gap (see ScreenBound) that holds for every centroid.
HWY_INLINE Floats widest_gap(const Screen& screen, Floats length) {
  const FloatTag df;
  const ScreenBound& widest = screen.widest;
  return hn::MulAdd(length, hn::MulAdd(length, hn::Set(df, widest.square), hn::Set(df, widest.linear)),
                    hn::Set(df, widest.constant));
}

/// Bit i: the bound of row i of a tile's vectors v0 .. is not certainly below `next` by the widest gap.
template <int V, int kRunners>
HWY_INLINE uint32_t uncertain_bits(const Screen& screen, const Ranking<V, kRunners>& r, int v0,
                                   const Floats (&bound)[V], const Floats (&next)[V]) {
  const FloatTag df;
  uint32_t bits = 0;
  for (int i = 0; i < kTileVectors; ++i) {
    const int v = v0 + i;
    const auto certain = hn::And(hn::Gt(hn::Sub(next[v], bound[v]), widest_gap(screen, r.length[v])),
                                 hn::Le(r.length[v], hn::Set(df, kScreenReach)));
    bits |= lane_bits(df, hn::Not(certain), i);
  }
  return bits;
}

#endif  // HWY_NATIVE_FMA
}  // namespace HWY_NAMESPACE
}  // namespace clientele
HWY_AFTER_NAMESPACE();
#endif
