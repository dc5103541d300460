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

#include "distance-inl.h"
#include "quantise-inl.h"
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

/// Where the sums of four neighbouring lanes go: to the new segment and away from the old one; null where there is
/// none.
struct FourSums {
  int64_t* to[4];
  int64_t* from[4];
};

/// Adds four rows to their new segments and takes them from their old ones. kAll: every lane has a new segment and no
/// old one.
template <bool kAll>
HWY_INLINE void move_four(const float* tile, int d, const double* scales, const FourSums& sums) {
  const Quantised di;
  int j = 0;
  for (; j + 4 <= d; j += 4) {
    const float* column = tile + j * kTileRows;
    hn::Vec<FourFloats> rows[4];
    transpose_four(column, column + kTileRows, column + 2 * kTileRows, column + 3 * kTileRows, rows);
    for (int r = 0; r < 4; ++r) {
      if (!kAll && sums.to[r] == nullptr) continue;
      for (int part = j; part < j + 4; part += kQuantised) {
        const auto q = quantise_vector(promote_part(rows[r], part - j), scales + part);
        hn::StoreU(hn::Add(hn::LoadU(di, sums.to[r] + part), q), di, sums.to[r] + part);
        if (!kAll && sums.from[r] != nullptr)
          hn::StoreU(hn::Sub(hn::LoadU(di, sums.from[r] + part), q), di, sums.from[r] + part);
      }
    }
  }
  for (; j < d; ++j) {
    for (int r = 0; r < 4; ++r) {
      if (!kAll && sums.to[r] == nullptr) continue;
      const int64_t q = quantise_one(tile[j * kTileRows + r], scales[j]);
      sums.to[r][j] += q;
      if (!kAll && sums.from[r] != nullptr) sums.from[r][j] -= q;
    }
  }
}

/// The marked lanes of a quarter of a tile, from `labels` (-1: none) to `found`.
HWY_INLINE void move_quarter(const float* tile, int d, uint32_t marked, const int32_t* found, const int32_t* labels,
                             const double* scales, int64_t* plain) {
  FourSums sums;
  bool all = marked == 15;
  for (int r = 0; r < 4; ++r) {
    const bool moves = (marked >> r & 1) != 0;
    sums.to[r] = moves ? plain + int64_t{found[r]} * d : nullptr;
    sums.from[r] = moves && labels[r] >= 0 ? plain + int64_t{labels[r]} * d : nullptr;
    all = all && sums.from[r] == nullptr;
  }
  if (all)
    move_four<true>(tile, d, scales, sums);
  else
    move_four<false>(tile, d, scales, sums);
}

/// As move_four for one weighted row.
void move_weighted(const float* tile, int d, int32_t to, int32_t from, int64_t m, const double* scales, WideSum* sums) {
  for (int j = 0; j < d; ++j) {
    const int64_t q = quantise_one(tile[j * kTileRows], scales[j]);
    sums[int64_t{to} * d + j].add(q, m);
    if (from >= 0) sums[int64_t{from} * d + j].add(q, -m);
  }
}

/// What assign() works on.
struct Job {
  const Screen& screen;
  const double* scales;
  PassSums& sums;
  std::vector<float> row;
};

/// Bit i: label i of the tile differs.
HWY_INLINE uint32_t changed_bits(const int32_t* found, const int32_t* labels) {
  const IndexTag di;
  uint32_t bits = 0;
  for (int i = 0; i < kTileVectors; ++i) {
    const auto differs = hn::Ne(hn::LoadU(di, found + i * kFloats), hn::LoadU(di, labels + i * kFloats));
    uint8_t packed[8] = {};
    hn::StoreMaskBits(di, differs, packed);
    bits |= (static_cast<uint32_t>(packed[0]) | static_cast<uint32_t>(packed[1]) << 8) << (i * kFloats);
  }
  return bits;
}

HWY_NOINLINE void move_rows(Job& job, const float* tile, uint32_t changed, const int32_t* found, int32_t* labels,
                            const int64_t* weights) {
  PassSums& sums = job.sums;
  const int d = job.screen.d;
  if (sums.pending + kTileRows > int64_t{1} << 22) sums.flush();
  if (weights == nullptr) {
    for (int quarter = 0; quarter < kTileRows; quarter += 4) {
      const uint32_t marked = changed >> quarter & 15;
      if (marked != 0)
        move_quarter(tile + quarter, d, marked, found + quarter, labels + quarter, job.scales, sums.plain.data());
    }
    sums.pending += kTileRows;
  }
  for (uint32_t left = changed; left != 0; left &= left - 1) {
    const int i = std::countr_zero(left);
    const int64_t m = weights == nullptr ? 1 : weights[i];
    if (weights != nullptr) move_weighted(tile + i, d, found[i], labels[i], m, job.scales, sums.wide.data());
    sums.counts[static_cast<size_t>(found[i])] += m;
    sums.rows[static_cast<size_t>(found[i])] += 1;
    if (labels[i] >= 0) {
      sums.counts[static_cast<size_t>(labels[i])] -= m;
      sums.rows[static_cast<size_t>(labels[i])] -= 1;
    }
    labels[i] = found[i];
  }
  sums.moved += std::popcount(changed);
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

/// kTiles tiles at once; only the first `rows` rows count.
template <int kTiles>
HWY_INLINE void assign_step(Job& job, const float* tiles, int64_t rows, int32_t* labels, const int64_t* weights) {
  constexpr int V = kTiles * kTileVectors;
  Ranking<V, 1> r;
  rank_tiles(tiles, job.screen, r);
  for (int t = 0; t < kTiles; ++t) {
    const float* tile = tiles + int64_t{t} * kTileRows * job.screen.d;
    int32_t* slots = labels + t * kTileRows;
    const int64_t left = rows - t * kTileRows;
    const uint32_t valid = left >= kTileRows ? 0xFFFFu : (1u << left) - 1;
    alignas(64) int32_t found[kTileRows];
    for (int i = 0; i < kTileVectors; ++i)
      hn::StoreU(r.first_index[t * kTileVectors + i], IndexTag(), found + i * kFloats);
    const uint32_t uncertain = uncertain_bits(job.screen, r, t * kTileVectors, r.best, r.second) & valid;
    if (HWY_UNLIKELY(uncertain != 0)) settle(job, tile, r, t * kTileVectors, uncertain, found);
    const uint32_t changed = changed_bits(found, slots) & valid;
    if (changed != 0)
      move_rows(job, tile, changed, found, slots, weights == nullptr ? nullptr : weights + t * kTileRows);
  }
}

class SimdAssign final : public AssignKernels {
 public:
  void assign(const Screen& screen, const Tiles& tiles, std::span<const double> scales, int32_t* labels,
              const int64_t* weights, PassSums& sums) const override {
    Job job{screen, scales.data(), sums, {}};
    const int64_t tile_floats = int64_t{kTileRows} * tiles.d;
    int64_t t = 0;
    for (; t + kStepTiles <= tiles.count; t += kStepTiles)
      assign_step<kStepTiles>(job, tiles.data + t * tile_floats, tiles.rows - t * kTileRows, labels + t * kTileRows,
                              weights == nullptr ? nullptr : weights + t * kTileRows);
    for (; t < tiles.count; ++t)
      assign_step<1>(job, tiles.data + t * tile_floats, tiles.rows - t * kTileRows, labels + t * kTileRows,
                     weights == nullptr ? nullptr : weights + t * kTileRows);
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
