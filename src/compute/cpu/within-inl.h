// The screen with one bound on the lengths of all rows of a tile: nothing but products is left in its loops, and what
// is the same for all tiles is found once. Included by assign_simd.cpp alone.
#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include "screen-inl.h"

#if defined(CLIENTELE_WITHIN_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CLIENTELE_WITHIN_INL_H_
#undef CLIENTELE_WITHIN_INL_H_
#else
#define CLIENTELE_WITHIN_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace clientele {
namespace HWY_NAMESPACE {
#if HWY_NATIVE_FMA

namespace hn = hwy::HWY_NAMESPACE;

/// A walk over the screen's groups, which lie one behind the other.
struct PackedGroups {
  const float* panel;
  const int32_t* index;
};

/// The next NC centroids against V vectors of rows; kFirst: the first group of a tile, which also asks for the columns
/// `ahead` floats further on. The bound of the length comes first (screen_bound: any order), so that it costs no step
/// for each row.
template <int V, int NC, bool kFirst>
HWY_INLINE void rank_packed(const float* HWY_RESTRICT column, int d, int64_t ahead, PackedGroups& at,
                            Ranking<V, 1>& r) {
  const FloatTag df;
  const int64_t tile_floats = int64_t{kTileRows} * d;
  const float* HWY_RESTRICT panel = at.panel;
  const float* const end = panel + int64_t{NC} * d;
  Floats acc[NC][V];
#pragma GCC unroll 8
  for (int c = 0; c < NC; ++c) {
    const auto slope = hn::Set(df, end[c]), bias = hn::Set(df, end[NC + c]);
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v)
      acc[c][v] = v % kTileVectors == 0 ? hn::MulAdd(r.length[v], slope, bias) : acc[c][v - 1];
  }
#pragma GCC unroll 4
  for (; panel != end; panel += NC, column += kTileRows) {
    Floats x[V];
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v)
      x[v] = hn::LoadU(df, column + v / kTileVectors * tile_floats + v % kTileVectors * kFloats);
    if constexpr (kFirst)
      for (int t = 0; t < V / kTileVectors; ++t) hwy::Prefetch(column + t * tile_floats + ahead);
#pragma GCC unroll 8
    for (int c = 0; c < NC; ++c) {
      const auto coordinate = hn::Set(df, panel[c]);
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) acc[c][v] = hn::MulAdd(x[v], coordinate, acc[c][v]);
    }
  }
#pragma GCC unroll 8
  for (int v = 0; v < V; ++v)
#pragma GCC unroll 8
    for (int c = 0; c < NC; ++c) rank_one(acc[c][v], hn::Set(IndexTag(), at.index[c]), v, r);
  at.panel = end + 2 * NC;
  at.index += NC;
}

/// V vectors of rows, whose r.length is set, against all centroids: groups of S, then `larger` ones of S + 1.
template <int V, int S>
HWY_INLINE void rank_within(const float* tile, const Screen& screen, int64_t ahead, int smaller, int larger,
                            Ranking<V, 1>& r) {
  PackedGroups at{screen.groups[0].panel, screen.groups[0].index};
  rank_packed<V, S, true>(tile, screen.d, ahead, at, r);
  for (int g = 1; g < smaller; ++g) rank_packed<V, S, false>(tile, screen.d, 0, at, r);
  for (int g = 0; g < larger; ++g) rank_packed<V, S + 1, false>(tile, screen.d, 0, at, r);
}

#endif  // HWY_NATIVE_FMA
}  // namespace HWY_NAMESPACE
}  // namespace clientele
HWY_AFTER_NAMESPACE();
#endif
