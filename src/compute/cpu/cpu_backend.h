// The parts of the CPU backend and what they share.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>

#include "clientele/base/thread_pool.h"
#include "clientele/compute/backend.h"
#include "cpu_rows.h"
#include "kernels.h"

namespace clientele {

/// Worker threads and the kernels they run.
struct Cpu {
  ThreadPool& pool;
  Kernels kernels;
  const int64_t& extra_allowed;  ///< Backend::allow_extra
};

std::unique_ptr<ColumnOps> make_column_ops(const Cpu& cpu);
std::unique_ptr<AssignOps> make_assign_ops(const Cpu& cpu);
std::unique_ptr<SampleOps> make_sample_ops(const Cpu& cpu);
std::unique_ptr<PairOps> make_pair_ops(const Cpu& cpu);

/// AssignOps::publish and AssignOps::far_rows.
void publish_rows(const Cpu& cpu, CpuRows& rows, const CentroidsView& centroids, const PublishedRows& out,
                  PublishSums& sums);
void rank_far_rows(const Cpu& cpu, const CpuRows& rows, const CentroidsView& centroids, int count,
                   std::vector<FarRow>& best);
void rank_far_from_seeds(const Cpu& cpu, const CpuRows& rows, int count, std::vector<FarRow>& best);

/// Valid rows of tiles [first, first + count).
inline int64_t rows_of(const CpuRows& rows, int64_t first, int64_t count) {
  return std::min(rows.rows() - first * kTileRows, count * kTileRows);
}

/// Tiles [first, first + count) of a block.
inline Tiles tiles_of(const CpuRows& rows, int64_t first, int64_t count) {
  return {rows.tile(first), count, rows_of(rows, first, count), rows.d()};
}

inline constexpr int64_t kBlockTiles = kBlockRows / kTileRows;
inline int64_t block_count(const CpuRows& rows) {
  return (rows.rows() + kBlockRows - 1) / kBlockRows;
}

/// body(first tile, tile count, worker) over all tiles, in pieces small enough to share the work and large enough not
/// to notice the sharing. For results that do not depend on the order.
template <class Body>
void for_tiles(ThreadPool& pool, const CpuRows& rows, const Body& body) {
  const int64_t tiles = rows.tiles();
  const int64_t piece = std::clamp<int64_t>(tiles / (int64_t{8} * pool.threads()) / 4 * 4, 16, kBlockTiles);
  pool.parallel_for((tiles + piece - 1) / piece, [&](int64_t index, int worker) {
    const int64_t first = index * piece;
    body(first, std::min(piece, tiles - first), worker);
  });
}

/// body(block, first tile, tile count, worker) for each 65,536-row block. For canonical sums, one block's on one
/// worker.
template <class Body>
void for_blocks(ThreadPool& pool, const CpuRows& rows, const Body& body) {
  pool.parallel_for(block_count(rows), [&](int64_t block, int worker) {
    const int64_t first = block * kBlockTiles;
    body(block, first, std::min(kBlockTiles, rows.tiles() - first), worker);
  });
}

/// Tiles handled together where a kernel writes per-row results: small enough for the first-level cache.
inline constexpr int64_t kChunkTiles = 16;
inline constexpr int64_t kChunkRows = kChunkTiles * kTileRows;

/// body(first tile, tile count) over [first, first + count) in chunks.
template <class Body>
void for_chunks(int64_t first, int64_t count, const Body& body) {
  for (int64_t t = first; t < first + count; t += kChunkTiles) body(t, std::min(kChunkTiles, first + count - t));
}

}  // namespace clientele
