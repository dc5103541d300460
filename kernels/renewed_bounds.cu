#include "pass_block.h"
#include "renewed_bounds.h"
#include "tensor_model.h"

namespace clientele::gpu {

namespace {

constexpr float kMore = 1 + 0x1p-20f;  // more than a few float32 roundings

/// The lane's row of a tile, its feature j to x[j * kTileRows]. Returns at least its length.
__device__ __forceinline__ float expand_row(const CompressedView& copy, int64_t tile,
                                            const CentroidsOnDevice& centroids, float* x) {
  const int d = centroids.d;
  const uint32_t* pairs = copy.pairs + tile * kTileRows * pairs_of(d) + lane_of_warp();
  float norm2 = 0;
#pragma unroll 4
  for (int pair = 0; pair < pairs_of(d); ++pair) {
    const uint32_t both = pairs[pair * kTileRows];
    const float even = bf16_value(both & 0xFFFFu), odd = bf16_value(both >> 16);
    norm2 = fmaf(odd, odd, fmaf(even, even, norm2));
    x[2 * pair * kTileRows] = even;
    if (2 * pair + 1 < d) x[(2 * pair + 1) * kTileRows] = odd;
  }
  return screen_length(norm2, centroids.growth);
}

/// The expiry that the copy proves of the lane's row if that keeps its label; 0 if that is not certain. Called by a
/// whole warp.
__device__ __forceinline__ float proved_expiry(const RenewView& view, const PassBlock& block, int64_t tile, int label,
                                               float* x) {
  const float length = expand_row(view.copy, tile, block.centroids, x);
  const float error = view.copy.errors[tile * kTileRows + lane_of_warp()];
  float lengths[1] = {fmaf(error, view.widening, length) * kMore};
  Leader leaders[1];
  screen_tiles<1, false>(x, block.centroids, leaders, lengths);  // a lane reads only what it wrote itself
  const Leader& found = leaders[0];
  const float gap = screen_gap(block.centroids.bounds[found.first], lengths[0]);
  const bool certain = lengths[0] <= kScreenReach && found.second_bound - found.first_bound > gap;
  if (!certain || found.first != label) return 0;
  const float slack =
      row_slack(found.first_bound, found.second_bound, gap, (length + error) * kMore, block.centroids.d);
  return row_expiry(slack, block.drift_down[label]);
}

/// A warp looks at the bounds of 32 tiles at once, then at the copies of tiles in which a row's have expired.
__global__ void __launch_bounds__(kFusedThreads, kBoundedBlocks) renew_bounds(RenewView view) {
  const PassView& pass = view.pass;
  const PassBlock block = open_block(pass);
  const RowsView& rows = pass.rows;
  const int warps = static_cast<int>(blockDim.x) / kWarp, warp = static_cast<int>(threadIdx.x) / kWarp;
  const int lane = lane_of_warp();
  float* x = block.tiles + warp * kTileRows * rows.d + lane;
  const int64_t tiles = tile_count(rows.rows), stride = int64_t{gridDim.x} * warps * kWarp;
  for (int64_t first = (int64_t{blockIdx.x} * warps + warp) * kWarp; first < tiles; first += stride) {
    const int64_t mine = first + lane;
    const bool holds_all =
        view.bounds_known && mine < tiles && block.drift_any[0] < __uint_as_float(rows.tile_expiry[mine]);
    for (unsigned left = __ballot_sync(kWholeWarp, mine < tiles && !holds_all); left != 0; left &= left - 1) {
      const int64_t tile = first + __ffs(static_cast<int>(left)) - 1, row = tile * kTileRows + lane;
      const bool valid = row < rows.rows;
      const int label = valid ? rows.label[row] : -1;
      const float now = label >= 0 ? block.drift_up[label] : 0;
      float limit = label >= 0 && view.bounds_known ? rows.expiry[row] : 0;
      if (__ballot_sync(kWholeWarp, valid && !(now < limit)) != 0)
        limit = fmaxf(limit, proved_expiry(view, block, tile, label, x));
      if (valid) rows.expiry[row] = limit;
      const float least = least_in_warp(!valid ? HUGE_VALF : now < limit ? limit - now : 0);
      if (lane == 0) rows.tile_expiry[tile] = __float_as_uint(tile_expiry(least, block.drift_any[1]));
    }
  }
}

}  // namespace

float widening(int d) {
  return float_up(1.02 / (1.01 * (d + 4) * 0x1p-24));
}

void (*renewing_kernel())(RenewView) {
  return renew_bounds;
}

}  // namespace clientele::gpu
