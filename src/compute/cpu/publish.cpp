// The last pass: labels, distances, runners-up and margins, all canonical, and their canonical sums per 65,536-row
// block.
#include <algorithm>
#include <utility>

#include "cpu_backend.h"

namespace clientele {
namespace {

/// One chunk's rows, ordered by (D, index).
struct Chunk {
  int32_t first[kChunkRows], second[kChunkRows];
  double first_d2[kChunkRows], second_d2[kChunkRows];
  double distance[kChunkRows], margin[kChunkRows];
};

/// Canonical sums of one block under way.
struct BlockSums {
  explicit BlockSums(int k) : distances(static_cast<size_t>(k)) {}
  Lanes margins;
  std::vector<Lanes> distances;
};

void rank_chunk(const Cpu& cpu, const Screen& screen, const Tiles& tiles, Chunk& chunk) {
  const int64_t slots = tiles.count * kTileRows;
  if (screen.k == 1) {
    std::fill_n(chunk.first, slots, 0);
    cpu.kernels.distance.d2_to_points(tiles, screen.centroids, 1, chunk.first_d2, slots);
    cpu.kernels.distance.margins(chunk.first_d2, chunk.first_d2, slots, chunk.distance, chunk.margin);
    std::fill_n(chunk.margin, slots, 1.0);
    return;
  }
  cpu.kernels.assign.nearest_two(screen, tiles, chunk.first, chunk.second);
  cpu.kernels.distance.d2_to_own(tiles, screen.centroids, chunk.first, chunk.first_d2);
  cpu.kernels.distance.d2_to_own(tiles, screen.centroids, chunk.second, chunk.second_d2);
  for (int64_t i = 0; i < slots; ++i) {
    const bool nearer = chunk.second_d2[i] < chunk.first_d2[i] ||
                        (chunk.second_d2[i] == chunk.first_d2[i] && chunk.second[i] < chunk.first[i]);
    if (!nearer) continue;
    std::swap(chunk.first[i], chunk.second[i]);
    std::swap(chunk.first_d2[i], chunk.second_d2[i]);
  }
  cpu.kernels.distance.margins(chunk.first_d2, chunk.second_d2, slots, chunk.distance, chunk.margin);
}

/// Writes what is wanted of row `row` (of the RowBlock, of weight m), chunk row i, and adds it to its lane.
void publish_row(const Chunk& chunk, int64_t i, bool single, int64_t row, double m, const PublishedRows& out,
                 BlockSums& sums) {
  const size_t r = static_cast<size_t>(row);
  const size_t lane = r % kLanes;
  sums.margins.lane[lane] += m * chunk.margin[i];
  sums.distances[static_cast<size_t>(chunk.first[i])].lane[lane] += m * chunk.distance[i];
  if (!out.label.empty()) out.label[r] = chunk.first[i];
  if (!out.second.empty()) out.second[r] = single ? -1 : chunk.second[i];
  if (!out.distance.empty()) out.distance[r] = static_cast<float>(chunk.distance[i]);
  if (!out.margin.empty()) out.margin[r] = static_cast<float>(chunk.margin[i]);
}

}  // namespace

void publish_rows(const Cpu& cpu, CpuRows& rows, const CentroidsView& centroids, const PublishedRows& out,
                  PublishSums& sums) {
  rows.drop_bounds();
  const Screen screen(centroids);
  const size_t begin = sums.margin_blocks.size();
  const size_t blocks = static_cast<size_t>(block_count(rows));
  sums.margin_blocks.resize(begin + blocks);
  sums.distance_blocks.resize(begin + blocks);
  for_blocks(cpu.pool, rows, [&](int64_t block, int64_t first, int64_t count, int) {
    BlockSums open(screen.k);
    for_chunks(first, count, [&](int64_t t, int64_t chunk_tiles) {
      Chunk chunk;
      const Tiles tiles = tiles_of(rows, t, chunk_tiles);
      rank_chunk(cpu, screen, tiles, chunk);
      for (int64_t i = 0; i < tiles.rows; ++i) {
        const int64_t row = t * kTileRows + i;
        publish_row(chunk, i, screen.k == 1, row, static_cast<double>(rows.weight(row)), out, open);
      }
      std::copy_n(chunk.first, tiles.rows, rows.labels() + t * kTileRows);
    });
    const size_t place = begin + static_cast<size_t>(block);
    sums.margin_blocks[place] = open.margins.fold();
    for (const Lanes& lanes : open.distances) sums.distance_blocks[place].push_back(lanes.fold());
  });
}

}  // namespace clientele
