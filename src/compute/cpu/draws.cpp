#include "draws.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "clientele/compute/formulas.h"

namespace clientele {
namespace {

using Keyed = std::pair<uint64_t, int64_t>;

Draw no_draw() {
  return {std::numeric_limits<double>::infinity(), -1};
}

bool before(const Draw& a, const Draw& b) {
  if (b.row < 0) return a.row >= 0;
  return a.key != b.key ? a.key < b.key : a.row < b.row;
}

/// One chunk's weights in a draw.
void chunk_weights(const CpuRows& rows, int64_t first, int64_t count, double* w) {
  const double* least = rows.min_d2();
  for (int64_t i = 0; i < count; ++i)
    w[i] = draw_weight(rows.weight(first + i),
                       least == nullptr ? std::numeric_limits<double>::infinity() : least[first + i]);
}

/// False only if no row of a tile can win against `best`: 1 - u from below, without a conversion of integers, so that
/// compilers do several rows at once.
bool tile_may_win(const double* w, const uint64_t* bits, double best) {
  bool may = false;
  for (int i = 0; i < kTileRows; ++i) {
    const double above_one = std::bit_cast<double>(uint64_t{0x3FF0000000000000} | bits[i]);  // 1 + r 2^-52
    const double least = (2.0 - above_one) - 0x1p-52;                                        // < 1 - u
    may |= least * (1.0 - 0x1p-40) <= best * w[i];
  }
  return may;
}

/// The winner among rows [first, first + count) with weights w and random bits (slots of whole tiles), or `best`.
void draw_chunk(const RandomKey& key, int64_t first_global, int64_t count, const double* w, const uint64_t* bits,
                Draw& best) {
  for (int64_t tile = 0; tile < count; tile += kTileRows) {
    if (!tile_may_win(w + tile, bits + tile, best.key)) continue;
    for (int64_t i = tile; i < std::min<int64_t>(count, tile + kTileRows); ++i) {
      const double u = static_cast<double>(static_cast<int64_t>(2 * bits[i] + 1)) * 0x1p-53;
      if (!draw_may_win(u, w[i], best.key) || !(w[i] > 0)) continue;
      const Draw candidate{weighted_key(key, first_global + i, w[i]), first_global + i};
      if (before(candidate, best)) best = candidate;
    }
  }
}

/// Keeps the `count` smallest, sorted.
void keep_smallest(int64_t count, std::vector<Keyed>& keyed) {
  std::sort(keyed.begin(), keyed.end());
  if (static_cast<int64_t>(keyed.size()) > count) keyed.resize(static_cast<size_t>(count));
}

}  // namespace

void merge_draws(const Cpu& cpu, const CpuRows& rows, std::span<const RandomKey> keys, std::span<Draw> draws) {
  std::vector<std::vector<Draw>> workers(static_cast<size_t>(cpu.pool.threads()),
                                         std::vector<Draw>(keys.size(), no_draw()));
  for_tiles(cpu.pool, rows, [&](int64_t begin, int64_t tiles, int worker) {
    for_chunks(begin, tiles, [&](int64_t tile, int64_t chunk_tiles) {
      double w[kChunkRows];
      uint64_t bits[kChunkRows];
      const int64_t first = tile * kTileRows;
      const int64_t count = rows_of(rows, tile, chunk_tiles);
      chunk_weights(rows, first, count, w);
      std::fill(w + count, w + chunk_tiles * kTileRows, 0.0);
      for (size_t k = 0; k < keys.size(); ++k) {
        cpu.kernels.random.bits(keys[k], rows.first_row() + first, chunk_tiles * kTileRows, bits);
        draw_chunk(keys[k], rows.first_row() + first, count, w, bits, workers[static_cast<size_t>(worker)][k]);
      }
    });
  });
  for (const auto& own : workers)
    for (size_t k = 0; k < keys.size(); ++k)
      if (before(own[k], draws[k])) draws[k] = own[k];
}

void merge_smallest_keys(const Cpu& cpu, const CpuRows& rows, const RandomKey& key, int64_t count,
                         std::vector<Keyed>& smallest) {
  if (count <= 0) return;
  struct Worker {
    std::vector<Keyed> keyed;
    uint64_t cut = ~uint64_t{0};  // keys above it cannot be among the smallest
  };
  std::vector<Worker> workers(static_cast<size_t>(cpu.pool.threads()));
  const size_t room = static_cast<size_t>(2 * count + 1024);
  for_tiles(cpu.pool, rows, [&](int64_t begin, int64_t tiles, int index) {
    Worker& worker = workers[static_cast<size_t>(index)];
    for_chunks(begin, tiles, [&](int64_t tile, int64_t chunk_tiles) {
      uint64_t bits[kChunkRows];
      const int64_t first = tile * kTileRows;
      cpu.kernels.random.bits(key, rows.first_row() + first, chunk_tiles * kTileRows, bits);
      for (int64_t i = 0; i < rows_of(rows, tile, chunk_tiles); ++i) {
        if (bits[i] > worker.cut || rows.weight(first + i) == 0) continue;
        worker.keyed.emplace_back(bits[i], rows.first_row() + first + i);
        if (worker.keyed.size() < room) continue;
        keep_smallest(count, worker.keyed);
        worker.cut = worker.keyed.back().first;
      }
    });
  });
  for (Worker& worker : workers) smallest.insert(smallest.end(), worker.keyed.begin(), worker.keyed.end());
  keep_smallest(count, smallest);
}

void append_sample(const Cpu& cpu, const CpuRows& rows, const RandomKey& key, uint64_t limit, SampledRows& sample) {
  std::vector<SampledRows> pieces(static_cast<size_t>(block_count(rows)));
  for_blocks(cpu.pool, rows, [&](int64_t block, int64_t begin, int64_t tiles, int) {
    SampledRows& own = pieces[static_cast<size_t>(block)];
    for_chunks(begin, tiles, [&](int64_t tile, int64_t chunk_tiles) {
      uint64_t bits[kChunkRows];
      const int64_t first = tile * kTileRows;
      cpu.kernels.random.bits(key, rows.first_row() + first, chunk_tiles * kTileRows, bits);
      for (int64_t i = 0; i < tiles_of(rows, tile, chunk_tiles).rows; ++i) {
        if (bits[i] >= limit || rows.weight(first + i) == 0) continue;
        own.row.push_back(rows.first_row() + first + i);
        own.bits.push_back(bits[i]);
        own.weight.push_back(rows.weight(first + i));
      }
    });
  });
  // Values go to their place at once: they are most of the memory.
  const auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  std::vector<size_t> begins = {sample.row.size()};
  for (const SampledRows& own : pieces) {
    append(sample.row, own.row);
    append(sample.bits, own.bits);
    append(sample.weight, own.weight);
    begins.push_back(sample.row.size());
  }
  const size_t d = static_cast<size_t>(rows.d());
  sample.values.resize(sample.row.size() * d);
  cpu.pool.parallel_for(static_cast<int64_t>(pieces.size()), [&](int64_t piece, int) {
    for (size_t i = begins[static_cast<size_t>(piece)]; i < begins[static_cast<size_t>(piece) + 1]; ++i)
      rows.copy_row(sample.row[i] - rows.first_row(), sample.values.data() + i * d);
  });
}

}  // namespace clientele
