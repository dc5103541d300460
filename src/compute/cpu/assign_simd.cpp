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
#include "moves-inl.h"
#include "screen-inl.h"

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

/// kTiles tiles at once; only the first `rows` rows count. drift: null, or the rows' new expiries are wanted too.
template <int kTiles>
HWY_INLINE void assign_step(Job& job, const float* tiles, int64_t rows, int32_t* labels, const int64_t* weights,
                            int64_t ahead, const DriftView* drift = nullptr, float* expiry = nullptr) {
  constexpr int V = kTiles * kTileVectors;
  Ranking<V, 1> r;
  rank_tiles(tiles, job.screen, r, ahead);
  for (int t = 0; t < kTiles; ++t) {
    const float* tile = tiles + int64_t{t} * kTileRows * job.screen.d;
    int32_t* slots = labels + t * kTileRows;
    const int64_t left = rows - t * kTileRows;
    const uint32_t valid = left >= kTileRows ? 0xFFFFu : left <= 0 ? 0u : (1u << left) - 1;
    alignas(64) int32_t found[kTileRows];
    for (int i = 0; i < kTileVectors; ++i)
      hn::StoreU(r.first_index[t * kTileVectors + i], IndexTag(), found + i * kFloats);
    const uint32_t uncertain = uncertain_bits(job.screen, r, t * kTileVectors, r.best, r.second) & valid;
    if (HWY_UNLIKELY(uncertain != 0)) settle(job, tile, r, t * kTileVectors, uncertain, found);
    if (drift != nullptr) renew_expiry(job.screen, r, t * kTileVectors, uncertain, *drift, expiry + t * kTileRows);
    const uint32_t changed = changed_bits(found, slots) & valid;
    if (changed != 0)
      move_rows(job, tile, changed, found, slots, weights == nullptr ? nullptr : weights + t * kTileRows);
  }
}

/// Rows whose bounds expired, gathered from their tiles until there are enough of them for a step.
class Expired {
 public:
  Expired(Job& job, const Tiles& tiles, int32_t* labels, const int64_t* weights, const BoundsView& bounds)
      : job_(job),
        tiles_(tiles),
        labels_(labels),
        weights_(weights),
        bounds_(bounds),
        packed_(static_cast<size_t>(kRows) * static_cast<size_t>(tiles.d)) {}

  void gather(int64_t tile, uint32_t lanes) {
    const float* from = tiles_.data + tile * kTileRows * tiles_.d;
    for (; lanes != 0; lanes &= lanes - 1) {
      const int lane = std::countr_zero(lanes);
      const int64_t row = tile * kTileRows + lane;
      float* to = packed_.data() + int64_t{filled_ / kTileRows} * kTileRows * tiles_.d + filled_ % kTileRows;
      for (int j = 0; j < tiles_.d; ++j) to[j * kTileRows] = from[j * kTileRows + lane];
      row_[filled_] = row;
      label_[filled_] = labels_[row];
      if (weights_ != nullptr) weight_[filled_] = weights_[row];
      if (++filled_ == kRows) settle_all();
    }
  }

  void settle_all() {
    const int64_t* weights = weights_ == nullptr ? nullptr : weight_;
    if (filled_ == kRows) {
      assign_step<kStepTiles>(job_, packed_.data(), filled_, label_, weights, 0, &bounds_.drift, expiry_);
    } else {
      for (int begin = 0; begin < filled_; begin += kTileRows)
        assign_step<1>(job_, packed_.data() + int64_t{begin} * tiles_.d, filled_ - begin, label_ + begin,
                       weights == nullptr ? nullptr : weights + begin, 0, &bounds_.drift, expiry_ + begin);
    }
    for (int i = 0; i < filled_; ++i) put_back(i);
    filled_ = 0;
  }

 private:
  void put_back(int i) {
    const int64_t row = row_[i];
    labels_[row] = label_[i];
    bounds_.expiry[row] = expiry_[i];
    float& tile = bounds_.tile_expiry[row / kTileRows];
    tile = std::min(tile, tile_expiry_of(expiry_[i] - bounds_.drift.up[label_[i]], bounds_.drift));
  }

  static constexpr int kRows = kStepTiles * kTileRows;
  Job& job_;
  const Tiles& tiles_;
  int32_t* labels_;
  const int64_t* weights_;
  const BoundsView& bounds_;
  std::vector<float> packed_;
  int filled_ = 0;
  int64_t row_[kRows], weight_[kRows];
  int32_t label_[kRows];
  float expiry_[kRows];
};

/// How far ahead of the tiles in work to prefetch: whole steps, 4 KiB at least.
inline int64_t floats_ahead(int d) {
  const int64_t step = int64_t{kStepTiles} * kTileRows * d;
  return (1024 + step - 1) / step * step;
}

/// More expired rows of a tile than this, and the tile is cheaper labelled whole: gathering a row takes about 1.5 d
/// steps, labelling it k d / (2 lanes).
inline int most_gathered(int k) {
  const float label = static_cast<float>(k) / (2 * kFloats);
  return std::min(kTileRows - 1, static_cast<int>(kTileRows * label / (1.5f + label)));
}

class SimdAssign final : public AssignKernels {
 public:
  void assign(const Screen& screen, const Tiles& tiles, std::span<const double> scales, int32_t* labels,
              const int64_t* weights, PassSums& sums) const override {
    Job job{screen, scales.data(), sums, {}};
    const int64_t tile_floats = int64_t{kTileRows} * tiles.d;
    const int64_t ahead = floats_ahead(tiles.d);
    int64_t t = 0;
    for (; t + kStepTiles <= tiles.count; t += kStepTiles)
      assign_step<kStepTiles>(job, tiles.data + t * tile_floats, tiles.rows - t * kTileRows, labels + t * kTileRows,
                              weights == nullptr ? nullptr : weights + t * kTileRows, ahead);
    for (; t < tiles.count; ++t)
      assign_step<1>(job, tiles.data + t * tile_floats, tiles.rows - t * kTileRows, labels + t * kTileRows,
                     weights == nullptr ? nullptr : weights + t * kTileRows, ahead);
    sums.scanned += tiles.rows;
  }

  void assign_expired(const Screen& screen, const Tiles& tiles, std::span<const double> scales, int32_t* labels,
                      const int64_t* weights, const BoundsView& bounds, PassSums& sums) const override {
    Job job{screen, scales.data(), sums, {}};
    Expired expired(job, tiles, labels, weights, bounds);
    const int most = most_gathered(screen.k);
    const int64_t ahead = floats_ahead(tiles.d);
    for (int64_t t = 0; t < tiles.count; ++t) {
      if (bounds.drift.any_up < bounds.tile_expiry[t]) continue;
      const int64_t slot = t * kTileRows;
      const int64_t rows = tiles.rows - slot;
      const uint32_t valid = rows >= kTileRows ? 0xFFFFu : (1u << rows) - 1;
      float remaining = 0;
      uint32_t lanes = expired_bits(bounds.expiry + slot, labels + slot, bounds.drift, remaining) & valid;
      sums.scanned += std::popcount(lanes);
      if (std::popcount(lanes) <= most) {
        bounds.tile_expiry[t] = tile_expiry_of(remaining, bounds.drift);
        expired.gather(t, lanes);
        continue;
      }
      sums.scanned += std::popcount(valid & ~lanes);
      assign_step<1>(job, tiles.data + slot * tiles.d, rows, labels + slot,
                     weights == nullptr ? nullptr : weights + slot, ahead, &bounds.drift, bounds.expiry + slot);
      lanes = expired_bits(bounds.expiry + slot, labels + slot, bounds.drift, remaining) & valid;
      bounds.tile_expiry[t] = lanes != 0 ? 0 : tile_expiry_of(remaining, bounds.drift);
    }
    expired.settle_all();
  }

  void nearest_two(const Screen& screen, const Tiles& tiles, int32_t* first, int32_t* second) const override {
    std::vector<float> row;
    int64_t t = 0;
    for (; t + kStepTiles <= tiles.count; t += kStepTiles) nominate<kStepTiles>(screen, tiles, t, row, first, second);
    for (; t < tiles.count; ++t) nominate<1>(screen, tiles, t, row, first, second);
  }

 private:
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
