#include "launch.h"
#include "moved_sums.h"
#include "nearest.h"
#include "quantised.h"

namespace clientele::gpu {

namespace {

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

/// Adds the block's table in shared memory to the totals.
template <bool kPlain>
__device__ void flush(const SumsView& table, const SumsView& totals) {
  const int64_t cells = int64_t{table.k} * table.d;
  for (int64_t i = threadIdx.x; i < cells; i += blockDim.x) {
    WideSum sum;
    if constexpr (kPlain) {
      sum.add_plain(static_cast<int64_t>(table.high[i]));
    } else {
      sum = {static_cast<int64_t>(table.high[i]), static_cast<int64_t>(table.low[i])};
    }
    if (sum.high != 0) atomicAdd(totals.high + i, static_cast<Word>(sum.high));
    if (sum.low != 0) atomicAdd(totals.low + i, static_cast<Word>(sum.low));
  }
  for (int c = static_cast<int>(threadIdx.x); c < table.k; c += static_cast<int>(blockDim.x)) {
    if (table.counts[c] != 0) atomicAdd(totals.counts + c, table.counts[c]);
    if (table.rows[c] != 0) atomicAdd(totals.rows + c, table.rows[c]);
  }
}

/// Words of a block's table.
__host__ __device__ constexpr int64_t table_words(int k, int d, bool plain) {
  return int64_t{k} * d * (plain ? 1 : 2) + 2 * int64_t{k};
}

/// A warp takes tile after tile. kPlain needs in_shared, and at most kPlainSumRows rows a block.
template <bool kPlain>
__global__ void __launch_bounds__(kSumThreads)
    add_moved_rows(RowsView rows, const double* scales, SumsView totals, bool in_shared) {
  SumsView sums = totals;
  if (in_shared) {
    Word* words = dynamic_shared<Word>();
    const int64_t cells = int64_t{totals.k} * totals.d;
    for (int64_t i = threadIdx.x; i < table_words(totals.k, totals.d, kPlain); i += kSumThreads) words[i] = 0;
    sums.high = words;
    sums.low = words + cells;  // not used when kPlain
    sums.counts = words + (kPlain ? cells : 2 * cells);
    sums.rows = sums.counts + totals.k;
    __syncthreads();
  }
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int64_t tiles = tile_count(rows.rows);
  Word moved = 0;
  for (int64_t tile = first_item() / kWarp; tile < tiles; tile += item_stride() / kWarp) {
    const int64_t row = tile * kTileRows + lane;
    const bool changed = row < rows.rows && rows.label[row] != rows.next[row];
    for (unsigned left = __ballot_sync(kWholeWarp, changed); left != 0; left &= left - 1) {
      const int64_t source = tile * kTileRows + __ffs(static_cast<int>(left)) - 1;
      add_row<kPlain>(sums, rows.row(source), scales, rows.label[source], rows.next[source], rows.m(source));
      ++moved;
    }
    __syncwarp();  // all lanes have read the labels of the tile, which belongs to this warp alone
    if (changed) rows.label[row] = rows.next[row];
  }
  if (lane == 0 && moved > 0) atomicAdd(totals.moved, moved);
  if (!in_shared) return;
  __syncthreads();
  flush<kPlain>(sums, totals);
}

}  // namespace

MovedSums::MovedSums(const Device& device, int k, int d, std::span<const double> scales)
    : device_(device), k_(k), d_(d) {
  scales_ = uploaded<double>(device, scales, "fixed-point scales");
  words_ = Buffer<Word>(device, 2 * cells() + 2 * k + 3, "integer sums of segments");
  words_.fill_bytes(0);
}

SumsView MovedSums::view() const {
  Word* words = words_.data();
  const int64_t counts = 2 * cells();
  return {words,
          words + cells(),
          words + counts,
          words + counts + k_,
          words + counts + 2 * k_,
          words + counts + 2 * k_ + 2,
          k_,
          d_};
}

void MovedSums::add_moved(const CudaRows& rows) {
  constexpr int64_t word_bytes = static_cast<int64_t>(sizeof(Word));
  const bool plain = !rows.weighted() && table_words(k_, d_, true) * word_bytes <= kSharedBytes;
  const int64_t bytes = table_words(k_, d_, plain) * word_bytes;
  const bool in_shared = bytes <= kSharedBytes;
  const int64_t fewest = (rows.rows() + kPlainSumRows / 2 - 1) /
                         (kPlainSumRows / 2);  // whole tiles are dealt out unevenly: half the limit
  const Grid grid{std::max(device_.grid(rows.rows(), kSumThreads), plain ? fewest : 1), 1, kSumThreads,
                  in_shared ? bytes : 0};
  launch(device_, "summing rows that moved", grid, plain ? add_moved_rows<true> : add_moved_rows<false>, rows.view(),
         scales_.data(), view(), in_shared);
}

PassResult MovedSums::result() const {
  const std::vector<Word> words = words_.to_host();
  require_in_range(words.back());
  PassResult result;
  const size_t cell_count = static_cast<size_t>(cells());
  const size_t segments = static_cast<size_t>(k_);
  for (size_t i = 0; i < cell_count; ++i)
    result.sums.push_back({static_cast<int64_t>(words[i]), static_cast<int64_t>(words[cell_count + i])});
  for (size_t c = 0; c < segments; ++c) {
    result.counts.push_back(static_cast<int64_t>(words[2 * cell_count + c]));
    result.rows.push_back(static_cast<int64_t>(words[2 * cell_count + segments + c]));
  }
  result.moved = static_cast<int64_t>(words[2 * cell_count + 2 * segments]);
  result.rechecked = static_cast<int64_t>(words[2 * cell_count + 2 * segments + 1]);
  return result;
}

}  // namespace clientele::gpu
