// Canonical reduction on the device (exactness.md 1): one CUDA block of 64 threads, one a lane, for each 65,536-row
// global block.
#pragma once

#include <vector>

#include "clientele/base/canonical.h"
#include "launch.h"

namespace clientele::gpu {

/// Lanes::fold by the 64 threads of a block: lane i += lane i + half for half = 32 .. 1. The sum is in lanes[0],
/// visible to thread 0.
__device__ inline void fold_lanes(double* lanes) {
  const int i = static_cast<int>(threadIdx.x);
  for (int half = kLanes / 2; half > 0; half /= 2) {
    __syncthreads();
    if (i < half) lanes[i] = lanes[i] + lanes[i + half];
  }
}

/// Bytes that segment_block_sums takes.
int64_t lane_bytes_of(int64_t rows, int k);

/// For each global block of `rows` rows (values[0] is a block's row 0) and each segment c < k, the canonical sum of the
/// values whose label is c; labels null: all of them, k = 1. One vector of k sums a block, ascending. Device arrays.
/// Where shared memory has no room for the lanes, they take scratch memory of `lane_bytes_at_most` or one block's.
std::vector<std::vector<double>> segment_block_sums(const Device& device, const double* values, const int32_t* labels,
                                                    int64_t rows, int k, int64_t lane_bytes_at_most = kLaneBytes);

}  // namespace clientele::gpu
