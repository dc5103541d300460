#include "moved_sums.h"
#include "row_sums.h"

namespace clientele::gpu {

namespace {

enum Counter { kMoved, kScanned, kRechecked, kOutOfRange, kCounters };

/// Adds the block's table in shared memory to the totals.
template <bool kPlain>
__device__ void flush(const SumsView& table, const SumsView& totals) {
  const int64_t cells = int64_t{table.k} * table.d;
  for (int64_t i = threadIdx.x; i < cells; i += blockDim.x) {
    if constexpr (kPlain) {
      add_plain_to_totals(totals, i, static_cast<int64_t>(table.high[i]));
    } else {
      if (table.high[i] != 0) atomicAdd(totals.high + i, table.high[i]);
      if (table.low[i] != 0) atomicAdd(totals.low + i, table.low[i]);
    }
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
__global__ void __launch_bounds__(kSumThreads, 1)
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

int64_t sums_words(int k, int d) {
  return 2 * int64_t{k} * d + 2 * int64_t{k} + kCounters;
}

SumsView sums_view(Word* words, int k, int d) {
  const int64_t cells = int64_t{k} * d;
  Word* counts = words + 2 * cells;
  Word* counters = counts + 2 * int64_t{k};
  return {words,
          words + cells,
          counts,
          counts + k,
          counters + kMoved,
          counters + kScanned,
          counters + kRechecked,
          counters + kOutOfRange,
          k,
          d};
}

PassResult sums_result(std::span<const Word> words, int k, int d) {
  PassResult result;
  const size_t cells = static_cast<size_t>(k) * static_cast<size_t>(d);
  const size_t segments = static_cast<size_t>(k);
  const Word* counters = words.data() + 2 * cells + 2 * segments;
  require_in_range(counters[kOutOfRange]);
  for (size_t i = 0; i < cells; ++i)
    result.sums.push_back({static_cast<int64_t>(words[i]), static_cast<int64_t>(words[cells + i])});
  for (size_t c = 0; c < segments; ++c) {
    result.counts.push_back(static_cast<int64_t>(words[2 * cells + c]));
    result.rows.push_back(static_cast<int64_t>(words[2 * cells + segments + c]));
  }
  result.moved = static_cast<int64_t>(counters[kMoved]);
  result.scanned = static_cast<int64_t>(counters[kScanned]);
  result.rechecked = static_cast<int64_t>(counters[kRechecked]);
  return result;
}

MovedSums::MovedSums(const Device& device, int k, int d, std::span<const double> scales)
    : device_(device), k_(k), d_(d) {
  scales_ = uploaded<double>(device, scales, "fixed-point scales");
  words_ = Buffer<Word>(device, sums_words(k, d), "integer sums of segments");
  words_.fill_bytes(0);
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
  return sums_result(words_.to_host(), k_, d_);
}

}  // namespace clientele::gpu
