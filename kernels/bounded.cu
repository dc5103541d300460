#include "bounded.h"
#include "pass_block.h"

namespace clientele::gpu {

namespace {

/// Rows of one warp that wait to be screened together.
struct Waiting {
  uint32_t rows[2 * kWarp];
};

/// Screens the warp's first `count` waiting rows (1 to 32), gathered into its tile. Returns how many moved.
__device__ int screen_waiting(const PassView& pass, const PassBlock& block, float* tile, const Waiting& waiting,
                              int count) {
  const RowsView& rows = pass.rows;
  const bool valid = lane_of_warp() < count;
  const int64_t row = waiting.rows[valid ? lane_of_warp() : 0];  // lanes without a row take the first one's numbers
  const float* from = rows.row(row);
  float* x = tile + lane_of_warp();
  for (int j = 0; j < rows.d; ++j) __pipeline_memcpy_async(x + j * kTileRows, from + j * kTileRows, sizeof(float));
  __pipeline_commit();
  const int old = rows.label[row];
  __pipeline_wait_prior(0);  // a lane reads only what it copied itself
  Leader leaders[1];
  float lengths[1] = {};
  screen_tiles<1>(x, block.centroids, leaders, lengths);
  const Verdict v = judge<true>(leaders[0], lengths[0], block);
  if (valid) {
    rows.expiry[row] = v.expiry;
    const float remaining = v.certain ? v.expiry - block.drift_up[v.label] : 0;
    atomicMin(rows.tile_expiry + row / kTileRows, __float_as_uint(tile_expiry(remaining, block.drift_any[1])));
  }
  return settle(pass, block, v, valid, row, old, x);
}

/// A warp looks at the bounds of 32 tiles at once, then at those of the rows of expired tiles, and screens the expired
/// rows whenever 32 of them have come together.
__global__ void __launch_bounds__(kFusedThreads, kBoundedBlocks) label_expired_rows(PassView pass) {
  static __shared__ Waiting waiting_rows[kFusedThreads / kWarp];
  if (has_ended(pass)) return;
  const PassBlock block = open_block(pass);
  const RowsView& rows = pass.rows;
  const int warps = static_cast<int>(blockDim.x) / kWarp, warp = static_cast<int>(threadIdx.x) / kWarp;
  float* own_tile = block.tiles + warp * kTileRows * rows.d;
  Waiting& waiting = waiting_rows[warp];
  const int lane = lane_of_warp();
  const int64_t tiles = tile_count(rows.rows), stride = int64_t{gridDim.x} * warps * kWarp;
  int count = 0;
  int64_t moved = 0, scanned = 0;
  for (int64_t first = (int64_t{blockIdx.x} * warps + warp) * kWarp; first < tiles; first += stride) {
    const int64_t mine = first + lane;
    const bool look = mine < tiles && !(block.drift_any[0] < __uint_as_float(rows.tile_expiry[mine]));
    for (unsigned left = __ballot_sync(kWholeWarp, look); left != 0; left &= left - 1) {
      const int64_t tile = first + __ffs(static_cast<int>(left)) - 1, row = tile * kTileRows + lane;
      const bool valid = row < rows.rows;
      const float limit = valid ? rows.expiry[row] : HUGE_VALF;
      const int label = valid ? rows.label[row] : -1;  // -1 with the expiry 0 too
      const float now = label >= 0 ? block.drift_up[label] : 0;
      const bool holds = now < limit;
      const float least = least_in_warp(holds ? limit - now : HUGE_VALF);
      if (lane == 0) rows.tile_expiry[tile] = __float_as_uint(tile_expiry(least, block.drift_any[1]));
      const unsigned expired = __ballot_sync(kWholeWarp, !holds);
      if (!holds) waiting.rows[count + __popc(expired & ((1u << lane) - 1))] = static_cast<uint32_t>(row);
      count += __popc(expired);
      scanned += __popc(expired);
      __syncwarp();  // the list and the tile's expiry are written
      if (count < kWarp) continue;
      moved += screen_waiting(pass, block, own_tile, waiting, kWarp);
      count -= kWarp;
      __syncwarp();  // the list is read
      const uint32_t kept = waiting.rows[kWarp + lane];
      waiting.rows[lane] = kept;
      __syncwarp();
    }
  }
  if (count > 0) moved += screen_waiting(pass, block, own_tile, waiting, count);
  close_block(pass, block, moved, scanned);
}

}  // namespace

void (*bounded_kernel())(PassView) {
  return label_expired_rows;
}

}  // namespace clientele::gpu
