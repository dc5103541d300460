// Device functions that add rows to integer sums (exactness.md 3): in a block's shared memory and in the totals.
#pragma once

#include "launch.h"
#include "moved_sums.h"
#include "nearest.h"
#include "pass_memory.h"
#include "quantised.h"

namespace clientele::gpu {

/// Adds to the totals what came together in plain int64 sums of at most kPlainSumRows unweighted rows.
__device__ inline void add_plain_to_totals(const SumsView& totals, int64_t cell, int64_t plain) {
  WideSum sum;
  sum.add_plain(plain);
  if (sum.high != 0) atomicAdd(totals.high + cell, static_cast<Word>(sum.high));
  if (sum.low != 0) atomicAdd(totals.low + cell, static_cast<Word>(sum.low));
}

/// Sums of the unweighted rows that one block moves, at most kPlainSumRows of them, in shared memory: k x d int64 and
/// k counts. There is no 64-bit atomic addition in shared memory, so that a sum is two 32-bit words: whoever makes the
/// low one overflow carries into the high one, and in the end every carry has been made once.
struct BlockTable {
  unsigned* low;   ///< k x table_stride(d)
  unsigned* high;  ///< the same
  unsigned* rows;  ///< k, two's complement
  int k, d;

  /// By all threads of the block; a barrier must follow.
  __device__ void clear() const {
    for (int i = static_cast<int>(threadIdx.x); i < k * table_stride(d); i += static_cast<int>(blockDim.x))
      low[i] = high[i] = 0;
    for (int c = static_cast<int>(threadIdx.x); c < k; c += static_cast<int>(blockDim.x)) rows[c] = 0;
  }

  __device__ void add(int segment, int j, int64_t q) const {
    const int cell = segment * table_stride(d) + j;
    const unsigned part = static_cast<unsigned>(q);
    const unsigned before = atomicAdd(low + cell, part);
    const unsigned carry = before + part < before ? 1 : 0;
    const unsigned rest = static_cast<unsigned>(static_cast<uint64_t>(q) >> 32) + carry;
    if (rest != 0) atomicAdd(high + cell, rest);
  }

  /// Moves a row, whose feature j is x[j * kTileRows], to segment `to` from `from` (-1: from none).
  __device__ void move(const float* x, const double* scales, int from, int to, Word* out_of_range) const {
    for (int j = 0; j < d; ++j) {
      const int64_t q = quantised(x[j * kTileRows], scales[j], out_of_range);
      add(to, j, q);
      if (from >= 0) add(from, j, -q);
    }
    atomicAdd(rows + to, 1u);
    if (from >= 0) atomicAdd(rows + from, ~0u);
  }

  /// By all threads of the block, after a barrier.
  __device__ void flush(const SumsView& totals) const {
    for (int i = static_cast<int>(threadIdx.x); i < k * d; i += static_cast<int>(blockDim.x)) {
      const int cell = i / d * table_stride(d) + i % d;
      const uint64_t sum = static_cast<uint64_t>(high[cell]) << 32 | low[cell];
      add_plain_to_totals(totals, i, static_cast<int64_t>(sum));
    }
    for (int c = static_cast<int>(threadIdx.x); c < k; c += static_cast<int>(blockDim.x)) {
      const Word found = static_cast<Word>(static_cast<int64_t>(static_cast<int32_t>(rows[c])));
      if (found == 0) continue;
      atomicAdd(totals.counts + c, found);
      atomicAdd(totals.rows + c, found);
    }
  }
};

/// kPlain: `high` holds plain sums of q (unweighted rows, at most kPlainSumRows of them) and `low` nothing.
template <bool kPlain>
__device__ void add_cell(const SumsView& sums, int64_t cell, int64_t q, int64_t m) {
  if constexpr (kPlain) {
    atomicAdd(sums.high + cell, static_cast<Word>(m < 0 ? -q : q));
  } else {
    atomicAdd(sums.high + cell, static_cast<Word>(m * (q >> 20)));
    atomicAdd(sums.low + cell, static_cast<Word>(m * (q & 0xFFFFF)));
  }
}

/// Adds one moved row; called by all lanes of a warp, one feature each.
template <bool kPlain>
__device__ void add_row(const SumsView& sums, const float* x, const double* scales, int from, int to, int64_t m) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  for (int j = lane; j < sums.d; j += kWarp) {
    const int64_t q = quantised(x[j * kTileRows], scales[j], sums.out_of_range);
    add_cell<kPlain>(sums, int64_t{to} * sums.d + j, q, m);
    if (from >= 0) add_cell<kPlain>(sums, int64_t{from} * sums.d + j, q, -m);
  }
  if (lane != 0) return;
  atomicAdd(sums.counts + to, static_cast<Word>(m));
  atomicAdd(sums.rows + to, Word{1});
  if (from < 0) return;
  atomicAdd(sums.counts + from, static_cast<Word>(-m));
  atomicAdd(sums.rows + from, ~Word{0});
}

}  // namespace clientele::gpu
