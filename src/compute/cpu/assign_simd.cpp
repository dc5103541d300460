// Assignment in Highway: screen, certify, recheck, and exact sums of the rows that moved, tile by tile, so that a
// tile's rows are read once.
#include <algorithm>
#include <bit>
#include <limits>
#include <vector>

#include "kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "assign_simd.cpp"
#include <hwy/foreach_target.h>
// Highway's order: foreach_target first.
#include <hwy/highway.h>

#include "bounds-inl.h"
#include "distance-inl.h"
#include "groups-inl.h"
#include "moves-inl.h"
#include "screen-inl.h"
#include "within-inl.h"

HWY_BEFORE_NAMESPACE();
namespace clientele {
namespace HWY_NAMESPACE {
#if HWY_NATIVE_FMA
namespace {

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
template <int kTiles>
HWY_INLINE void assign_step(Job& job, const float* tiles, int64_t rows, int32_t* labels, const int64_t* weights,
                            int64_t ahead, float* slacks, float* lengths = nullptr) {
  Ranking<kTiles * kTileVectors, 1> r;
  rank_tiles(tiles, job.screen, r, ahead);
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
  const int groups = static_cast<int>(job.screen.groups.size()), larger = job.screen.k - S * groups;
  const int64_t steps = tiles.count / kTiles;
  for (int64_t step = first; step < steps; ++step) {
    const int64_t slot = step * kTiles * kTileRows;
    const float* data = tiles.data + slot * tiles.d;
    Ranking<V, 1> r;
    clear(r);
    for (int v = 0; v < V; ++v) r.length[v] = hn::Set(FloatTag(), lengths[step * kTiles + v / kTileVectors]);
    rank_within<V, S>(data, job.screen, ahead, groups - larger, larger, r);
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

/// assign_within for the sizes of the screen's groups.
template <int kTiles>
int64_t assign_within_sized(Job& job, const Tiles& tiles, int64_t first, int32_t* labels, const int64_t* weights,
                            int64_t ahead, const float* lengths) {
  switch (job.screen.groups[0].size) {
    case 1:
      return assign_within<kTiles, 1>(job, tiles, first, labels, weights, ahead, lengths);
    case 2:
      return assign_within<kTiles, 2>(job, tiles, first, labels, weights, ahead, lengths);
    case 3:
      return assign_within<kTiles, 3>(job, tiles, first, labels, weights, ahead, lengths);
    case 4:
      return assign_within<kTiles, 4>(job, tiles, first, labels, weights, ahead, lengths);
    default:
      return assign_within<kTiles, 5>(job, tiles, first, labels, weights, ahead, lengths);
  }
}

/// A tile of a bounded pass.
struct OneTile {
  const float* data;
  int rows;
  int32_t* labels;
  const int64_t* weights;
  int64_t ahead;
};

/// Ranks its own labels and the expired groups.
HWY_INLINE void rank_expired(GroupRanks& ranks, const TileBound& bound, const DriftView& drift, uint32_t expired) {
  int32_t own[2];
  int count = 0;
  for (const int32_t label : bound.labels)
    if (label >= 0 && (expired >> drift.group_of[label] & 1) == 0) own[count++] = label;
  ranks.rank_own(own, count);
  for (int g = 0; g < drift.groups; ++g)
    if ((expired >> g & 1) != 0) ranks.rank_group(drift, g);
}

/// The tile against the groups that its bound has expired for. Returns to how many centroids it was compared.
HWY_NOINLINE int64_t assign_groups(Job& job, const OneTile& tile, const DriftView& drift, uint32_t expired,
                                   TileBound& bound) {
  const uint32_t every = (1u << drift.groups) - 1;
  if (bound.labels[0] < 0) expired = every;  // whose labels are not known in short
  GroupRanks ranks(tile.data, job.screen, tile.ahead);
  rank_expired(ranks, bound, drift, expired);
  int32_t before[kTileRows];
  std::copy_n(tile.labels, tile.rows, before);
  const uint32_t uncertain =
      assign_ranked<1>(job, tile.data, tile.rows, tile.labels, tile.weights, ranks.all(), nullptr);
  uint32_t left_groups = 0;  // a label that a row has left is an other now, which its group's bound left out
  for (int i = 0; i < tile.rows; ++i)
    if (before[i] != tile.labels[i]) left_groups |= 1u << drift.group_of[before[i]];
  if (left_groups != 0 || expired == every) relabel(bound, tile.labels, tile.rows, drift);
  for (int g = 0; g < drift.groups; ++g) {
    if ((expired >> g & 1) != 0)
      bound.expiry[g] = uncertain != 0 ? 0.0f : bound_end(bound, ranks.least_slack(g, tile.rows), g, drift);
    else if ((left_groups >> g & 1) != 0)
      bound.expiry[g] = 0;
  }
  return ranks.ranked();
}

/// How far ahead of the tiles in work to prefetch: whole steps, 4 KiB at least.
inline int64_t floats_ahead(int d) {
  const int64_t step = int64_t{kStepTiles} * kTileRows * d;
  return (1024 + step - 1) / step * step;
}

class SimdAssign final : public AssignKernels {
 public:
  void assign(const Screen& screen, const Tiles& tiles, std::span<const double> scales, int32_t* labels,
              const int64_t* weights, const TileLengths& lengths, PassSums& sums) const override {
    assign_all({screen, scales.data(), sums, {}}, tiles, labels, weights, nullptr, lengths);
  }

  void assign_with_slacks(const Screen& screen, const Tiles& tiles, std::span<const double> scales, int32_t* labels,
                          const int64_t* weights, float* slacks, PassSums& sums) const override {
    assign_all({screen, scales.data(), sums, {}}, tiles, labels, weights, slacks, {});
  }

  void assign_expired(const Screen& screen, const Tiles& tiles, std::span<const double> scales, int32_t* labels,
                      const int64_t* weights, const BoundsView& bounds, PassSums& sums) const override {
    Job job{screen, scales.data(), sums, {}};
    // Lists do without the screen's packing, and would leave out centroids beyond its reach.
    const bool listed = bounds.drift.groups > 1 && !std::isinf(screen.widest.constant);
    int64_t t = next_expired(bounds, 0, tiles.count);
    while (t < tiles.count) {
      const int64_t next = next_expired(bounds, t + 1, tiles.count);
      const int64_t slot = t * kTileRows;
      const OneTile tile{tiles.data + slot * tiles.d, static_cast<int>(std::min<int64_t>(kTileRows, tiles.rows - slot)),
                         labels + slot, weights == nullptr ? nullptr : weights + slot,
                         (std::min(next, tiles.count - 1) - t) * kTileRows * tiles.d};
      const int64_t ranked = listed ? assign_groups(job, tile, bounds.drift, bounds.expired(t), bounds.tiles[t])
                                    : assign_whole(job, tile, bounds.drift, bounds.tiles[t]);
      sums.scanned += tile.rows;
      sums.distances += tile.rows * ranked;
      t = next;
    }
  }

  void nearest_two(const Screen& screen, const Tiles& tiles, int32_t* first, int32_t* second) const override {
    std::vector<float> row;
    int64_t t = 0;
    for (; t + kStepTiles <= tiles.count; t += kStepTiles) nominate<kStepTiles>(screen, tiles, t, row, first, second);
    for (; t < tiles.count; ++t) nominate<1>(screen, tiles, t, row, first, second);
  }

 private:
  static void assign_all(Job job, const Tiles& tiles, int32_t* labels, const int64_t* weights, float* slacks,
                         const TileLengths& lengths) {
    const int64_t ahead = floats_ahead(tiles.d), steps = tiles.count / kStepTiles;
    for (int64_t i = 0; i < steps; ++i) {
      if (lengths.known) i = assign_within_sized<kStepTiles>(job, tiles, i, labels, weights, ahead, lengths.of);
      if (i < steps) step<kStepTiles>(job, tiles, i * kStepTiles, labels, weights, ahead, slacks, lengths);
    }
    for (int64_t t = steps * kStepTiles; t < tiles.count; ++t)
      step<1>(job, tiles, t, labels, weights, ahead, slacks, lengths);
    job.sums.scanned += tiles.rows;
  }

  /// kTiles tiles from t on; labels, weights, slacks (may be null) and lengths: slots of the first tile.
  template <int kTiles>
  static void step(Job& job, const Tiles& tiles, int64_t t, int32_t* labels, const int64_t* weights, int64_t ahead,
                   float* slacks, const TileLengths& lengths) {
    assign_step<kTiles>(job, tiles.data + t * kTileRows * tiles.d, tiles.rows - t * kTileRows, labels + t * kTileRows,
                        weights == nullptr ? nullptr : weights + t * kTileRows, ahead,
                        slacks == nullptr ? nullptr : slacks + t * kTileRows,
                        lengths.of == nullptr ? nullptr : lengths.of + t);
  }

  static int64_t assign_whole(Job& job, const OneTile& tile, const DriftView& drift, TileBound& bound) {
    float slacks[kTileRows];
    assign_step<1>(job, tile.data, tile.rows, tile.labels, tile.weights, tile.ahead, slacks);
    bound = tile_bound(slacks, tile.labels, tile.rows, drift);
    return job.screen.k;
  }

  static int64_t next_expired(const BoundsView& bounds, int64_t t, int64_t end) {
    while (t < end && bounds.expired(t) == 0) ++t;
    return t;
  }

  /// The best two lower bounds of kTiles tiles from t on where the third is certainly beyond both, canonically
  /// otherwise.
  template <int kTiles>
  static void nominate(const Screen& screen, const Tiles& tiles, int64_t t, std::vector<float>& row, int32_t* first,
                       int32_t* second) {
    const int64_t tile_floats = int64_t{kTileRows} * tiles.d;
    Ranking<kTiles * kTileVectors, 2> r;
    rank_tiles(tiles.data + t * tile_floats, screen, r);
    for (int i = 0; i < kTiles * kTileVectors; ++i) {
      hn::StoreU(r.first_index[i], IndexTag(), first + t * kTileRows + i * kFloats);
      hn::StoreU(r.second_index[i], IndexTag(), second + t * kTileRows + i * kFloats);
    }
    for (int i = 0; i < kTiles; ++i, ++t) {
      const int64_t rows = tiles.rows - t * kTileRows;
      const uint32_t valid = rows >= kTileRows ? 0xFFFFu : (1u << rows) - 1;
      uint32_t left = uncertain_bits(screen, r, i * kTileVectors, r.second, r.third) & valid;
      for (; left != 0; left &= left - 1) {
        const int lane = std::countr_zero(left);
        const Nearest found = nearest(screen, tiles.data + t * tile_floats, lane, row);
        first[t * kTileRows + lane] = found.first;
        second[t * kTileRows + lane] = found.second;
      }
    }
  }
};

}  // namespace

const AssignKernels* simd_assign() {
  static const SimdAssign kernels;
  return &kernels;
}
#else
const AssignKernels* simd_assign() {
  return nullptr;
}
#endif  // HWY_NATIVE_FMA
}  // namespace HWY_NAMESPACE
}  // namespace clientele
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "simd_level.h"
namespace clientele {
const AssignKernels* simd_assign_kernels(SimdLevel level) {
  return CLIENTELE_SIMD(level, simd_assign);
}
}  // namespace clientele
#endif
