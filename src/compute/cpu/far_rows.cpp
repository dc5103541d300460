// Candidates for the repair of empty segments: the rows farthest from their own centroid, equal rows once.
#include <algorithm>

#include "cpu_backend.h"

namespace clientele {
namespace {

bool before(const FarRow& a, const FarRow& b) {
  return a.d2 != b.d2 ? a.d2 > b.d2 : a.row < b.row;
}

bool equal_values(const FarRow& a, const FarRow& b) {
  return a.values == b.values;
}

/// Keeps the first `count` of distinct values in `best`, whatever the order of the calls.
void offer(FarRow candidate, int count, std::vector<FarRow>& best) {
  if (static_cast<int>(best.size()) == count && !before(candidate, best.back())) return;
  const auto same =
      std::find_if(best.begin(), best.end(), [&](const FarRow& other) { return equal_values(candidate, other); });
  if (same != best.end()) {
    if (!before(candidate, *same)) return;
    best.erase(same);
  }
  best.insert(std::upper_bound(best.begin(), best.end(), candidate, before), std::move(candidate));
  if (static_cast<int>(best.size()) > count) best.pop_back();
}

/// D of a chunk's rows to the centroids of their labels; -1 where a row has no label or cannot be a candidate.
void own_d2(const Cpu& cpu, const CpuRows& rows, const CentroidsView& centroids, int64_t first, int64_t count,
            double* d2) {
  const Tiles tiles = tiles_of(rows, first, count);
  const int64_t row = first * kTileRows;
  int32_t labels[kChunkRows];
  for (int64_t i = 0; i < count * kTileRows; ++i) labels[i] = i < tiles.rows ? std::max(rows.labels()[row + i], 0) : 0;
  cpu.kernels.distance.d2_to_own(tiles, centroids.data, labels, d2);
  for (int64_t i = 0; i < tiles.rows; ++i)
    if (rows.labels()[row + i] < 0 || rows.weight(row + i) == 0) d2[i] = -1;
}

/// d2(first tile, tiles, out): of a chunk's rows, 0 or less for one that cannot be a candidate.
template <class D2>
void rank_rows(const Cpu& cpu, const CpuRows& rows, int count, std::vector<FarRow>& best, const D2& d2_of) {
  if (count <= 0) return;
  std::vector<std::vector<FarRow>> workers(static_cast<size_t>(cpu.pool.threads()));
  for_tiles(cpu.pool, rows, [&](int64_t begin, int64_t tiles, int worker) {
    std::vector<FarRow>& own = workers[static_cast<size_t>(worker)];
    for_chunks(begin, tiles, [&](int64_t first, int64_t chunk_tiles) {
      double d2[kChunkRows];
      d2_of(first, chunk_tiles, d2);
      const int64_t end = std::min(chunk_tiles * kTileRows, rows.rows() - first * kTileRows);
      for (int64_t i = 0; i < end; ++i) {
        const int64_t row = first * kTileRows + i;
        if (!(d2[i] > 0)) continue;
        if (static_cast<int>(own.size()) == count && d2[i] < own.back().d2) continue;
        FarRow candidate{d2[i], rows.first_row() + row, std::vector<float>(static_cast<size_t>(rows.d()))};
        rows.copy_row(row, candidate.values.data());
        offer(std::move(candidate), count, own);
      }
    });
  });
  for (auto& own : workers)
    for (FarRow& candidate : own) offer(std::move(candidate), count, best);
}

}  // namespace

void rank_far_rows(const Cpu& cpu, const CpuRows& rows, const CentroidsView& centroids, int count,
                   std::vector<FarRow>& best) {
  rank_rows(cpu, rows, count, best,
            [&](int64_t first, int64_t tiles, double* d2) { own_d2(cpu, rows, centroids, first, tiles, d2); });
}

void rank_far_from_seeds(const Cpu& cpu, const CpuRows& rows, int count, std::vector<FarRow>& best) {
  require_seeding(rows);
  rank_rows(cpu, rows, count, best, [&](int64_t first, int64_t tiles, double* d2) {
    const int64_t row = first * kTileRows, end = std::min(tiles * kTileRows, rows.rows() - row);
    for (int64_t i = 0; i < end; ++i) d2[i] = rows.weight(row + i) == 0 ? 0 : rows.min_d2()[row + i];
  });
}

}  // namespace clientele
