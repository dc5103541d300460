// Labels of whole tiles in Highway: screen, certify, recheck, and the sums of rows that moved.
#include <hwy/highway.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <vector>

#include "bounds-inl.h"
#include "distance-inl.h"
#include "kernels.h"
#include "moves-inl.h"
#include "screen-inl.h"

#if defined(CLIENTELE_ASSIGN_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CLIENTELE_ASSIGN_INL_H_
#undef CLIENTELE_ASSIGN_INL_H_
#else
#define CLIENTELE_ASSIGN_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace clientele {
namespace HWY_NAMESPACE {
#if HWY_NATIVE_FMA

namespace hn = hwy::HWY_NAMESPACE;

/// The two smallest (D, index) of one row against all centroids.
struct Nearest {
  int32_t first = 0, second = 0;
  double first_d2 = std::numeric_limits<double>::infinity(), second_d2 = std::numeric_limits<double>::infinity();
};

HWY_NOINLINE Nearest nearest(const Screen& screen, const float* tile, int lane, std::vector<float>& row) {
  row.resize(static_cast<size_t>(screen.d));
  for (int j = 0; j < screen.d; ++j) row[static_cast<size_t>(j)] = tile[j * kTileRows + lane];
  Nearest best;
  for (int64_t t = 0; t < screen.tile_count; ++t) {
    double d2[kTileRows];
    // The centroids are the "rows" here: t changes sign, its square does not.
    d2_tile<1>(screen.tiles.data() + t * kTileRows * screen.d, screen.d, row.data(), d2, kTileRows);
    const int end = static_cast<int>(std::min<int64_t>(kTileRows, screen.k - t * kTileRows));
    for (int i = 0; i < end; ++i) {
      const int32_t c = static_cast<int32_t>(t) * kTileRows + i;
      if (d2[i] < best.first_d2) {
        best.second = best.first;
        best.second_d2 = best.first_d2;
        best.first = c;
        best.first_d2 = d2[i];
      } else if (d2[i] < best.second_d2) {
        best.second = c;
        best.second_d2 = d2[i];
      }
    }
  }
  return best;
}

/// Rows that the widest gap left uncertain: by their own centroid's gap, then canonically.
template <int V>
HWY_NOINLINE void settle(Job& job, const float* tile, const Ranking<V, 1>& r, int v0, uint32_t uncertain,
                         int32_t* found) {
  const FloatTag df;
  float best[kTileRows], second[kTileRows], length[kTileRows];
  for (int i = 0; i < kTileVectors; ++i) {
    hn::StoreU(r.best[v0 + i], df, best + i * kFloats);
    hn::StoreU(r.second[v0 + i], df, second + i * kFloats);
    hn::StoreU(r.length[v0 + i], df, length + i * kFloats);
  }
  for (uint32_t left = uncertain; left != 0; left &= left - 1) {
    const int i = std::countr_zero(left);
    const ScreenBound& own = job.screen.bounds[static_cast<size_t>(found[i])];
    if (length[i] <= kScreenReach && second[i] - best[i] > screen_gap(own, length[i])) continue;
    found[i] = nearest(job.screen, tile, i, job.row).first;
    ++job.sums.rechecked;
  }
}

/// Which rows of a tile count, of `left` ones from its first on.
HWY_INLINE uint32_t valid_bits(int64_t left) {
  return left >= kTileRows ? 0xFFFFu : left <= 0 ? 0u : (1u << left) - 1;
}

template <int V>
HWY_INLINE void store_found(const Ranking<V, 1>& r, int v0, int32_t* found) {
  for (int i = 0; i < kTileVectors; ++i) hn::StoreU(r.first_index[v0 + i], IndexTag(), found + i * kFloats);
}

/// A bound on the lengths of all rows of the tile whose vectors begin at v0.
template <int V>
HWY_INLINE float longest(const Ranking<V, 1>& r, int v0) {
  const FloatTag df;
  auto most = r.length[v0];
  for (int i = 1; i < kTileVectors; ++i) most = hn::Max(most, r.length[v0 + i]);
  return hn::GetLane(hn::MaxOfLanes(df, most));
}

/// Bit i: row i of the tile whose vectors begin at v0 is to leave its label.
template <int V>
HWY_INLINE uint32_t changed_rows(const Ranking<V, 1>& r, int v0, const int32_t* labels) {
  const IndexTag di;
  uint32_t bits = 0;
  for (int i = 0; i < kTileVectors; ++i)
    bits |= lane_bits(di, hn::Ne(r.first_index[v0 + i], hn::LoadU(di, labels + i * kFloats)), i);
  return bits;
}

HWY_INLINE void relabel_rows(Job& job, const float* tile, uint32_t valid, const int32_t* found, int32_t* slots,
                             const int64_t* weights) {
  const uint32_t changed = changed_bits(found, slots) & valid;
  if (changed != 0) move_rows(job, tile, changed, found, slots, weights);
}

/// Labels kTiles ranked tiles, of which only the first `rows` rows count. slacks: null, or wanted too. Returns the
/// uncertain rows of the last tile.
template <int kTiles>
HWY_INLINE uint32_t assign_ranked(Job& job, const float* tiles, int64_t rows, int32_t* labels, const int64_t* weights,
                                  const Ranking<kTiles * kTileVectors, 1>& r, float* slacks) {
  uint32_t uncertain = 0;
  for (int t = 0; t < kTiles; ++t) {
    const float* tile = tiles + int64_t{t} * kTileRows * job.screen.d;
    const uint32_t valid = valid_bits(rows - t * kTileRows);
    alignas(64) int32_t found[kTileRows];
    store_found(r, t * kTileVectors, found);
    uncertain = uncertain_bits(job.screen, r, t * kTileVectors, r.best, r.second) & valid;
    if (HWY_UNLIKELY(uncertain != 0)) settle(job, tile, r, t * kTileVectors, uncertain, found);
    if (slacks != nullptr) find_slacks(job.screen, r, t * kTileVectors, uncertain, slacks + t * kTileRows);
    relabel_rows(job, tile, valid, found, labels + t * kTileRows,
                 weights == nullptr ? nullptr : weights + t * kTileRows);
  }
  return uncertain;
}

/// kTiles tiles at once against all centroids.
template <int kTiles, int S>
HWY_INLINE void assign_step(Job& job, const float* tiles, int64_t rows, int32_t* labels, const int64_t* weights,
                            int64_t ahead, float* slacks, float* lengths = nullptr) {
  Ranking<kTiles * kTileVectors, 1> r;
  rank_all<S, Lengths::find>(tiles, job.screen, ahead, r);
  assign_ranked<kTiles>(job, tiles, rows, labels, weights, r, slacks);
  if (lengths == nullptr) return;
  for (int t = 0; t < kTiles; ++t) lengths[t] = longest(r, t * kTileVectors);
}

/// The same for steps `first` on of kTiles tiles each, with the longest row's length for all rows of a tile. Returns
/// the first step with rows that this leaves uncertain, to which nothing has happened; the number of steps if there is
/// none.
template <int kTiles, int S>
HWY_NOINLINE int64_t assign_within(Job& job, const Tiles& tiles, int64_t first, int32_t* labels, const int64_t* weights,
                                   int64_t ahead, const float* lengths) {
  constexpr int V = kTiles * kTileVectors;
  const int64_t steps = tiles.count / kTiles;
  for (int64_t step = first; step < steps; ++step) {
    const int64_t slot = step * kTiles * kTileRows;
    const float* data = tiles.data + slot * tiles.d;
    Ranking<V, 1> r;
    for (int v = 0; v < V; ++v) r.length[v] = hn::Set(FloatTag(), lengths[step * kTiles + v / kTileVectors]);
    rank_all<S, Lengths::given>(data, job.screen, ahead, r);
    uint32_t uncertain = 0, changed = 0;
    for (int t = 0; t < kTiles; ++t) {
      const uint32_t valid = valid_bits(tiles.rows - slot - t * kTileRows);
      uncertain |= uncertain_bits(job.screen, r, t * kTileVectors, r.best, r.second) & valid;
      changed |= changed_rows(r, t * kTileVectors, labels + slot + t * kTileRows) & valid;
    }
    if (HWY_UNLIKELY(uncertain != 0)) return step;
    if (changed == 0) continue;
    for (int t = 0; t < kTiles; ++t) {
      alignas(64) int32_t found[kTileRows];
      store_found(r, t * kTileVectors, found);
      const int64_t rows = slot + t * kTileRows;
      relabel_rows(job, tiles.data + rows * tiles.d, valid_bits(tiles.rows - rows), found, labels + rows,
                   weights == nullptr ? nullptr : weights + rows);
    }
  }
  return steps;
}

#endif  // HWY_NATIVE_FMA
}  // namespace HWY_NAMESPACE
}  // namespace clientele
HWY_AFTER_NAMESPACE();
#endif
