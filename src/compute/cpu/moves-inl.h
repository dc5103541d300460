// Exact sums of the rows that moved (exactness.md 3): added to their new segment, taken from their old one.
#include <hwy/highway.h>

#include <bit>
#include <vector>

#include "kernels.h"
#include "quantise-inl.h"
#include "screen-inl.h"

#if defined(CLIENTELE_MOVES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CLIENTELE_MOVES_INL_H_
#undef CLIENTELE_MOVES_INL_H_
#else
#define CLIENTELE_MOVES_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace clientele {
namespace HWY_NAMESPACE {
#if HWY_NATIVE_FMA

namespace hn = hwy::HWY_NAMESPACE;

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
    bits |= lane_bits(di, differs, i);
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

#endif  // HWY_NATIVE_FMA
}  // namespace HWY_NAMESPACE
}  // namespace clientele
HWY_AFTER_NAMESPACE();
#endif
