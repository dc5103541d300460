#include "draws.h"

#include <algorithm>
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

/// The winner among rows [first, first + count), or `best`.
void draw_rows(const CpuRows& rows, const RandomKey& key, int64_t first, int64_t count, Draw& best) {
  const double* least = rows.min_d2();
  for (int64_t row = first; row < first + count; ++row) {
    const double w =
        draw_weight(rows.weight(row), least == nullptr ? std::numeric_limits<double>::infinity() : least[row]);
    if (!(w > 0)) continue;
    const int64_t global = rows.first_row() + row;
    if (!draw_may_win(random_unit(key, global), w, best.key)) continue;
    const Draw candidate{weighted_key(key, global, w), global};
    if (before(candidate, best)) best = candidate;
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
  for_tiles(cpu.pool, rows, [&](int64_t first, int64_t count, int worker) {
    const Tiles tiles = tiles_of(rows, first, count);
    for (size_t k = 0; k < keys.size(); ++k)
      draw_rows(rows, keys[k], first * kTileRows, tiles.rows, workers[static_cast<size_t>(worker)][k]);
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
  for_tiles(cpu.pool, rows, [&](int64_t first, int64_t tiles, int index) {
    Worker& worker = workers[static_cast<size_t>(index)];
    const int64_t begin = first * kTileRows;
    const int64_t end = std::min(rows.rows(), begin + tiles * kTileRows);
    for (int64_t row = begin; row < end; ++row) {
      const uint64_t bits = random_bits(key, rows.first_row() + row);
      if (bits > worker.cut || rows.weight(row) == 0) continue;
      worker.keyed.emplace_back(bits, rows.first_row() + row);
      if (worker.keyed.size() < room) continue;
      keep_smallest(count, worker.keyed);
      worker.cut = worker.keyed.back().first;
    }
  });
  for (Worker& worker : workers) smallest.insert(smallest.end(), worker.keyed.begin(), worker.keyed.end());
  keep_smallest(count, smallest);
}

}  // namespace clientele
