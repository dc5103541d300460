// The float32 screen of exactness.md 4: lower bounds of |c|^2/2 - x.c for a few vectors of rows against a group of
// centroids held in registers, ranked per lane. No k-wide buffer is written and nothing crosses lanes.
#include <hwy/cache_control.h>
#include <hwy/highway.h>

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

/// One group of NC centroids; kNorms: the first group of a tile, which also finds the rows' lengths and asks for the
/// columns `ahead` floats further on: neither the memory's latency nor a page's end then stops the next tiles.
template <int V, int kRunners, int NC, bool kNorms>
HWY_INLINE void rank_group(const float* HWY_RESTRICT tile, const Screen& screen, const Screen::Group& group,
                           int64_t ahead, Ranking<V, kRunners>& r) {
  const FloatTag df;
  const int64_t tile_floats = int64_t{kTileRows} * screen.d;
  Floats acc[NC][V];
  Floats norm[V];
  for (int c = 0; c < NC; ++c)
    for (int v = 0; v < V; ++v) acc[c][v] = hn::Set(df, group.bias[c]);
  for (int v = 0; v < V; ++v) norm[v] = hn::Zero(df);
  const float* HWY_RESTRICT panel = group.panel;
  const float* HWY_RESTRICT column = tile;
  for (int j = 0; j < screen.d; ++j, panel += NC, column += kTileRows) {
    Floats x[V];
    for (int v = 0; v < V; ++v)
      x[v] = hn::LoadU(df, column + v / kTileVectors * tile_floats + v % kTileVectors * kFloats);
    if constexpr (kNorms) {
      for (int t = 0; t < V / kTileVectors; ++t) hwy::Prefetch(column + t * tile_floats + ahead);
      for (int v = 0; v < V; ++v) norm[v] = hn::MulAdd(x[v], x[v], norm[v]);
    }
    for (int c = 0; c < NC; ++c) {
      const auto coordinate = hn::Set(df, panel[c]);
      for (int v = 0; v < V; ++v) acc[c][v] = hn::MulAdd(x[v], coordinate, acc[c][v]);
    }
  }
  if constexpr (kNorms)
    for (int v = 0; v < V; ++v) r.length[v] = length_of(norm[v], screen);
  // One vector of rows after the other: its ranking and its NC bounds fit the registers.
  for (int v = 0; v < V; ++v) {
    for (int c = 0; c < NC; ++c) {
      const auto lower = hn::MulAdd(r.length[v], hn::Set(df, panel[c]), acc[c][v]);
      rank_one(lower, hn::Set(IndexTag(), group.index[c]), v, r);
    }
  }
}

template <int V, int kRunners, bool kNorms>
HWY_INLINE void rank_sized(const float* tile, const Screen& screen, const Screen::Group& group, int64_t ahead,
                           Ranking<V, kRunners>& r) {
  switch (group.size) {
    case 1:
      return rank_group<V, kRunners, 1, kNorms>(tile, screen, group, ahead, r);
    case 2:
      return rank_group<V, kRunners, 2, kNorms>(tile, screen, group, ahead, r);
    case 3:
      return rank_group<V, kRunners, 3, kNorms>(tile, screen, group, ahead, r);
    case 4:
      return rank_group<V, kRunners, 4, kNorms>(tile, screen, group, ahead, r);
    case 5:
      return rank_group<V, kRunners, 5, kNorms>(tile, screen, group, ahead, r);
    default:
      return rank_group<V, kRunners, 6, kNorms>(tile, screen, group, ahead, r);
  }
}

template <int V, int kRunners>
HWY_INLINE void rank_tiles(const float* tile, const Screen& screen, Ranking<V, kRunners>& r, int64_t ahead = 0) {
  clear(r);
  rank_sized<V, kRunners, true>(tile, screen, screen.groups[0], ahead, r);
  for (size_t g = 1; g < screen.groups.size(); ++g)
    rank_sized<V, kRunners, false>(tile, screen, screen.groups[g], 0, r);
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
