// Exact sums of the rows that moved (exactness.md 3): added to their new segment, taken from their old one.
#include <hwy/highway.h>

#include <algorithm>
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

/// Adds four rows to the sums of their segments.
HWY_INLINE void add_four(const float* tile, int d, const double* scales, int64_t* const (&to)[4]) {
  const Quantised di;
  int j = 0;
  for (; j + 4 <= d; j += 4) {
    const float* column = tile + j * kTileRows;
    hn::Vec<FourFloats> rows[4];
    transpose_four(column, column + kTileRows, column + 2 * kTileRows, column + 3 * kTileRows, rows);
    for (int r = 0; r < 4; ++r) {
      for (int part = j; part < j + 4; part += kQuantised) {
        const auto q = quantise_vector(promote_part(rows[r], part - j), scales + part);
        hn::StoreU(hn::Add(hn::LoadU(di, to[r] + part), q), di, to[r] + part);
      }
    }
  }
  for (; j < d; ++j)
    for (int r = 0; r < 4; ++r) to[r][j] += quantise_one(tile[j * kTileRows + r], scales[j]);
}

/// Four neighbouring coordinates of a row. A vector of the compiler's: written one by one into memory they would have
/// to arrive there before they can be read as one.
HWY_INLINE hn::Vec<FourFloats> four_of(const float* lane) {
  typedef float Four __attribute__((vector_size(16)));
  const Four x = {lane[0], lane[kTileRows], lane[2 * kTileRows], lane[3 * kTileRows]};
  return hn::LoadU(FourFloats(), reinterpret_cast<const float*>(&x));
}

/// Adds one lane of a tile to the sums of its new segment and, with kFrom, takes it from those of its old one.
template <bool kFrom>
HWY_INLINE void move_lane(const float* lane, int d, const double* scales, int64_t* to, int64_t* from) {
  const Quantised di;
  int j = 0;
  for (; j + 4 <= d; j += 4) {
    const auto x = four_of(lane + j * kTileRows);
    for (int part = j; part < j + 4; part += kQuantised) {
      const auto q = quantise_vector(promote_part(x, part - j), scales + part);
      hn::StoreU(hn::Add(hn::LoadU(di, to + part), q), di, to + part);
      if constexpr (kFrom) hn::StoreU(hn::Sub(hn::LoadU(di, from + part), q), di, from + part);
    }
  }
  for (; j < d; ++j) {
    const int64_t q = quantise_one(lane[j * kTileRows], scales[j]);
    to[j] += q;
    if constexpr (kFrom) from[j] -= q;
  }
}

/// As move_lane for a weighted row.
void move_weighted(const float* lane, int d, int32_t to, int32_t from, int64_t m, const double* scales, WideSum* sums) {
  for (int j = 0; j < d; ++j) {
    const int64_t q = quantise_one(lane[j * kTileRows], scales[j]);
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

HWY_INLINE void count_move(PassSums& sums, int32_t to, int32_t from, int64_t m) {
  sums.counts[static_cast<size_t>(to)] += m;
  sums.rows[static_cast<size_t>(to)] += 1;
  if (from < 0) return;
  sums.counts[static_cast<size_t>(from)] -= m;
  sums.rows[static_cast<size_t>(from)] -= 1;
}

/// A whole tile of rows that had no segment yet.
HWY_INLINE void add_tile(Job& job, const float* tile, const int32_t* found) {
  const int d = job.screen.d;
  int64_t* plain = job.sums.plain.data();
  for (int i = 0; i < kTileRows; i += 4) {
    int64_t* const to[4] = {plain + int64_t{found[i]} * d, plain + int64_t{found[i + 1]} * d,
                            plain + int64_t{found[i + 2]} * d, plain + int64_t{found[i + 3]} * d};
    add_four(tile + i, d, job.scales, to);
  }
  for (int i = 0; i < kTileRows; ++i) count_move(job.sums, found[i], -1, 1);
}

/// The marked rows of a tile, from `labels` (-1: none), which change, to `found`. weights: null, or the rows'.
HWY_NOINLINE void move_rows(Job& job, const float* tile, uint32_t changed, const int32_t* found, int32_t* labels,
                            const int64_t* weights) {
  PassSums& sums = job.sums;
  const int d = job.screen.d;
  int64_t* plain = sums.plain.data();
  sums.moved += std::popcount(changed);
  if (weights == nullptr) {
    if (sums.pending + kTileRows > int64_t{1} << 22) sums.flush();
    sums.pending += kTileRows;
    if (changed == 0xFFFF && *std::max_element(labels, labels + kTileRows) < 0) {
      add_tile(job, tile, found);
      std::copy_n(found, kTileRows, labels);
      return;
    }
  }
  for (uint32_t left = changed; left != 0; left &= left - 1) {
    const int i = std::countr_zero(left);
    const int32_t to = found[i], from = labels[i];
    const int64_t m = weights == nullptr ? 1 : weights[i];
    if (weights != nullptr)
      move_weighted(tile + i, d, to, from, m, job.scales, sums.wide.data());
    else if (from < 0)
      move_lane<false>(tile + i, d, job.scales, plain + int64_t{to} * d, nullptr);
    else
      move_lane<true>(tile + i, d, job.scales, plain + int64_t{to} * d, plain + int64_t{from} * d);
    count_move(sums, to, from, m);
    labels[i] = to;
  }
}

#endif  // HWY_NATIVE_FMA
}  // namespace HWY_NAMESPACE
}  // namespace clientele
HWY_AFTER_NAMESPACE();
#endif
