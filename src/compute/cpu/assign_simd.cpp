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

#include "assign-inl.h"
#include "candidates-inl.h"
#include "groups-inl.h"
#include "screen-inl.h"

HWY_BEFORE_NAMESPACE();
namespace clientele {
namespace HWY_NAMESPACE {
#if HWY_NATIVE_FMA
namespace {

namespace hn = hwy::HWY_NAMESPACE;

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
    const DriftView& drift = bounds.drift;
    // Lists do without the screen's packing, and would leave out centroids beyond its reach.
    if (drift.groups > 1 && !std::isinf(screen.widest.constant)) {
      for_expired(job, tiles, labels, weights, bounds, [&](const OneTile& tile, int64_t t) HWY_ATTR {
        return assign_groups(job, tile, drift, bounds.expired(t), bounds.tiles[t]);
      });
      return;
    }
    for_group_size(screen, [&]<int S>(std::integral_constant<int, S>) HWY_ATTR {
      for_expired(job, tiles, labels, weights, bounds, [&](const OneTile& tile, int64_t t) HWY_ATTR {
        float slacks[kTileRows];
        assign_step<1, S>(job, tile.data, tile.rows, tile.labels, tile.weights, tile.ahead, slacks);
        bounds.tiles[t] = tile_bound(slacks, tile.labels, tile.rows, drift);
        return int64_t{screen.k};
      });
    });
  }

  int64_t assign_and_list(const Screen& screen, const Tiles& tiles, std::span<const double> scales, int32_t* labels,
                          const int64_t* weights, const CandidatesView& lists, PassSums& sums) const override {
    if (std::isinf(screen.widest.constant)) {  // lists do without the screen's packing, see assign_expired
      for (int64_t t = 0; t < tiles.count; ++t) SimdListedTile(lists, t).drop();
      assign(screen, tiles, scales, labels, weights, {}, sums);
      return tiles.count;
    }
    Job job{screen, scales.data(), sums, {}};
    ListScratch scratch(lists, screen.k);
    int64_t unlisted = 0;
    for (int64_t t = 0; t < tiles.count; ++t) {
      const OneTile tile = one_tile(tiles, t, std::min(t + 1, tiles.count - 1), labels, weights);
      unlisted +=
          list_tile(job, tile.data, tile.rows, tile.labels, tile.weights, tile.ahead, lists, t, scratch) ? 0 : 1;
    }
    sums.scanned += tiles.rows;
    return unlisted;
  }

  void assign_listed(const Screen& screen, const Tiles& tiles, std::span<const double> scales, int32_t* labels,
                     const int64_t* weights, const CandidatesView& lists, PassSums& sums) const override {
    Job job{screen, scales.data(), sums, {}};
    ListScratch scratch(lists, screen.k);
    for_group_size(screen, [&]<int S>(std::integral_constant<int, S>) HWY_ATTR {
      int64_t t = next_moving(lists, 0, tiles.count);
      while (t < tiles.count) {
        const int64_t next = next_moving(lists, t + 1, tiles.count);
        const OneTile tile = one_tile(tiles, t, std::min(next, tiles.count - 1), labels, weights);
        if (next < tiles.count) SimdListedTile(lists, next).prefetch();
        SimdListedTile listed(lists, t);
        const int64_t compared =
            assign_wanted<S>(job, tile.data, tile.rows, tile.labels, tile.weights, tile.ahead, listed, scratch);
        sums.distances += tile.rows * compared;
        sums.scanned += compared > 0 ? tile.rows : 0;
        t = next;
      }
    });
  }

  void nearest_two(const Screen& screen, const Tiles& tiles, int32_t* first, int32_t* second) const override {
    std::vector<float> row;
    for_group_size(screen, [&]<int S>(std::integral_constant<int, S>) HWY_ATTR {
      int64_t t = 0;
      for (; t + kStepTiles <= tiles.count; t += kStepTiles)
        nominate<kStepTiles, S>(screen, tiles, t, row, first, second);
      for (; t < tiles.count; ++t) nominate<1, S>(screen, tiles, t, row, first, second);
    });
  }

 private:
  // A step that assign_within refuses is ranked twice: above this share of them (one very far centroid does it) rows
  // are judged by their own lengths at once.
  static constexpr int64_t kFewRefused = 8, kRefusedShare = 4;

  static void assign_all(Job job, const Tiles& tiles, int32_t* labels, const int64_t* weights, float* slacks,
                         const TileLengths& lengths) {
    for_group_size(job.screen, [&]<int S>(std::integral_constant<int, S>) HWY_ATTR {
      const int64_t ahead = floats_ahead(tiles.d), steps = tiles.count / kStepTiles;
      int64_t refused = 0;
      for (int64_t i = 0; i < steps; ++i) {
        const bool within = lengths.known && refused <= kFewRefused + i / kRefusedShare;
        if (within) i = assign_within<kStepTiles, S>(job, tiles, i, labels, weights, ahead, lengths.of);
        if (i == steps) break;
        refused += within ? 1 : 0;
        step<kStepTiles, S>(job, tiles, i * kStepTiles, labels, weights, ahead, slacks, lengths);
      }
      for (int64_t t = steps * kStepTiles; t < tiles.count; ++t)
        step<1, S>(job, tiles, t, labels, weights, ahead, slacks, lengths);
    });
    job.sums.scanned += tiles.rows;
  }

  /// kTiles tiles from t on; labels, weights, slacks (may be null) and lengths: slots of the first tile.
  template <int kTiles, int S>
  static void step(Job& job, const Tiles& tiles, int64_t t, int32_t* labels, const int64_t* weights, int64_t ahead,
                   float* slacks, const TileLengths& lengths) {
    assign_step<kTiles, S>(job, tiles.data + t * kTileRows * tiles.d, tiles.rows - t * kTileRows,
                           labels + t * kTileRows, weights == nullptr ? nullptr : weights + t * kTileRows, ahead,
                           slacks == nullptr ? nullptr : slacks + t * kTileRows,
                           lengths.of == nullptr ? nullptr : lengths.of + t);
  }

  /// body(tile, number of the tile) for every tile whose bounds have expired; it returns to how many centroids it
  /// compared the rows.
  template <class Body>
  static void for_expired(Job& job, const Tiles& tiles, int32_t* labels, const int64_t* weights,
                          const BoundsView& bounds, const Body& body) {
    int64_t t = next_expired(bounds, 0, tiles.count);
    while (t < tiles.count) {
      const int64_t next = next_expired(bounds, t + 1, tiles.count);
      const OneTile tile = one_tile(tiles, t, std::min(next, tiles.count - 1), labels, weights);
      job.sums.distances += tile.rows * body(tile, t);
      job.sums.scanned += tile.rows;
      t = next;
    }
  }

  /// Tile t; `next` is looked at after it.
  static OneTile one_tile(const Tiles& tiles, int64_t t, int64_t next, int32_t* labels, const int64_t* weights) {
    const int64_t slot = t * kTileRows;
    return {tiles.data + slot * tiles.d, static_cast<int>(std::min<int64_t>(kTileRows, tiles.rows - slot)),
            labels + slot, weights == nullptr ? nullptr : weights + slot, (next - t) * kTileRows * tiles.d};
  }

  static int64_t next_moving(const CandidatesView& lists, int64_t t, int64_t end) {
    while (t < end && SimdListedTile(lists, t).rests()) ++t;
    return t;
  }

  static int64_t next_expired(const BoundsView& bounds, int64_t t, int64_t end) {
    while (t < end && bounds.expired(t) == 0) ++t;
    return t;
  }

  /// The best two lower bounds of kTiles tiles from t on where the third is certainly beyond both, canonically
  /// otherwise.
  template <int kTiles, int S>
  static void nominate(const Screen& screen, const Tiles& tiles, int64_t t, std::vector<float>& row, int32_t* first,
                       int32_t* second) {
    const int64_t tile_floats = int64_t{kTileRows} * tiles.d;
    Ranking<kTiles * kTileVectors, 2> r;
    rank_all<S, Lengths::find>(tiles.data + t * tile_floats, screen, 0, r);
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
