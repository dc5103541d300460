// The tiles of rows that a warp works on, copied into its part of shared memory ahead of time. Called by all lanes of
// the warp; warps do not wait for each other.
#pragma once

#include "pass_block.h"

namespace clientele::gpu {

/// Starts to copy `tiles` tiles of rows into shared memory, 16 bytes a lane and turn.
__device__ inline void fetch_tiles(float* to, const float* from, int64_t tiles, int d) {
  constexpr int kPiece = 16 / sizeof(float);
  for (int64_t i = int64_t{lane_of_warp()} * kPiece; i < tiles * kTileRows * d; i += kWarp * kPiece)
    __pipeline_memcpy_async(to + i, from + i, 16);
}

/// A warp takes kTiles tiles after kTiles tiles, with kStages of them in its part of shared memory: while one is worked
/// on, the others arrive.
template <int kTiles, int kStages>
class TileStream {
 public:
  /// memory: of all warps of the block. Begins to copy.
  __device__ TileStream(const RowsView& rows, float* memory)
      : values_(rows.values), d_(rows.d), tiles_(tile_count(rows.rows)), steps_((tiles_ + kTiles - 1) / kTiles) {
    const int warps = static_cast<int>(blockDim.x) / kWarp, warp = static_cast<int>(threadIdx.x) / kWarp;
    memory_ = memory + warp * kStages * stage_floats();
    stride_ = int64_t{gridDim.x} * warps;
    step_ = int64_t{blockIdx.x} * warps + warp;
    for (int ahead = 0; ahead < kStages - 1; ++ahead) fetch(step_ + ahead * stride_, ahead);
  }

  __device__ bool more() const { return step_ < steps_; }
  __device__ int64_t tiles() const { return tiles_; }
  /// The first tile of this step.
  __device__ int64_t first() const { return step_ * kTiles; }
  /// Sends for what comes kStages - 1 steps later.
  __device__ void fetch_ahead() {
    __syncwarp();  // every lane has done with the stage that is filled now
    fetch(step_ + (kStages - 1) * stride_, (stage_ + kStages - 1) % kStages);
  }
  /// Waits for this step's tiles. Feature j of the lane's row in tile t stands at [(t * d + j) * kTileRows].
  __device__ const float* arrived() const {
    __pipeline_wait_prior(kStages - 1);
    __syncwarp();  // what the other lanes copied has arrived as well
    return memory_ + stage_ * stage_floats() + lane_of_warp();
  }
  __device__ void advance() {
    step_ += stride_;
    stage_ = (stage_ + 1) % kStages;
  }

 private:
  __device__ int stage_floats() const { return kTiles * kTileRows * d_; }
  __device__ void fetch(int64_t step, int stage) {  // past the end: nothing, which still counts as a stage
    const int64_t first = step * kTiles;
    if (step < steps_)
      fetch_tiles(memory_ + stage * stage_floats(), values_ + first * kTileRows * d_,
                  tiles_ - first < kTiles ? tiles_ - first : kTiles, d_);
    __pipeline_commit();
  }

  const float* values_;
  float* memory_;
  int d_;
  int64_t tiles_, steps_, stride_, step_;
  int stage_ = 0;
};

}  // namespace clientele::gpu
