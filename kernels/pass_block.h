// What the fused and the bounded pass share: the model in shared memory, the screen of rows that stand there, and what
// becomes of a screened row. Every function is called by all lanes of a warp.
#pragma once

#include <cuda_pipeline_primitives.h>

#include "fused.h"
#include "row_sums.h"

namespace clientele::gpu {

__device__ inline int lane_of_warp() {
  return static_cast<int>(threadIdx.x) % kWarp;
}

/// The same answer for all threads of a launch.
__device__ inline bool has_ended(const PassView& pass) {
  return pass.ended != nullptr && *pass.ended != 0;
}

/// A block's shared memory.
struct PassBlock {
  const double* scales;
  CentroidsOnDevice centroids;  ///< `grouped` and `bounds` in shared memory
  const float* drift_up;
  const float* drift_down;
  const float* drift_any;  ///< 2: up, down
  BlockTable table;
  float* tiles;
};

template <class T>
__device__ void copy_to_shared(T* to, const T* from, int64_t count) {
  for (int64_t i = threadIdx.x; i < count; i += blockDim.x) to[i] = from[i];
}

/// Brings the model into shared memory. Ends with a barrier.
__device__ inline PassBlock open_block(const PassView& pass) {
  unsigned char* shared = dynamic_shared<unsigned char>();
  const int k = pass.centroids.k, d = pass.centroids.d;
  const PassMemory at = pass_memory(k, d, 0);
  const int64_t padded = (int64_t{k} + kScreenGroup - 1) / kScreenGroup * kScreenGroup;
  auto* scales = reinterpret_cast<double*>(shared + at.scales);
  auto* grouped = reinterpret_cast<float*>(shared + at.grouped);
  auto* bounds = reinterpret_cast<ScreenBound*>(shared + at.bounds);
  auto* drift = reinterpret_cast<float*>(shared + at.drift);
  copy_to_shared(scales, pass.scales, d);
  copy_to_shared(grouped, pass.centroids.grouped, padded * d);
  copy_to_shared(bounds, pass.centroids.bounds, padded);
  if (pass.drift.up != nullptr) {
    copy_to_shared(drift, pass.drift.up, k);
    copy_to_shared(drift + k, pass.drift.down, k);
    copy_to_shared(drift + 2 * k, pass.drift.any, 2);
  }
  PassBlock block{scales,
                  pass.centroids,
                  drift,
                  drift + k,
                  drift + 2 * k,
                  {reinterpret_cast<unsigned*>(shared + at.low), reinterpret_cast<unsigned*>(shared + at.high),
                   reinterpret_cast<unsigned*>(shared + at.rows), k, d},
                  reinterpret_cast<float*>(shared + at.tiles)};
  block.centroids.grouped = grouped;
  block.centroids.bounds = bounds;
  block.table.clear();
  __syncthreads();
  return block;
}

/// One coordinate of a group of centroids, read in two pieces of 16 bytes.
struct alignas(16) GroupCoordinate {
  float of[kScreenGroup];
};

/// lower[row][i] += -c_ij x_j; norm2 of the rows on the way where kNorms.
template <int kRows, bool kNorms>
__device__ __forceinline__ void score_group(const float* x, const float* group, int d,
                                            float (&lower)[kRows][kScreenGroup], float (&norm2)[kRows]) {
  const auto* coordinates = reinterpret_cast<const GroupCoordinate*>(group);
#pragma unroll 4
  for (int j = 0; j < d; ++j) {
    const GroupCoordinate c = coordinates[j];
#pragma unroll
    for (int row = 0; row < kRows; ++row) {
      const float v = x[(row * d + j) * kTileRows];
      if constexpr (kNorms) norm2[row] = fmaf(v, v, norm2[row]);
#pragma unroll
      for (int i = 0; i < kScreenGroup; ++i) lower[row][i] = fmaf(v, c.of[i], lower[row][i]);
    }
  }
}

/// Screens kRows rows a lane; coordinate j of row i is x[(i * d + j) * kTileRows]. lengths: bounds on |x|, found here
/// where kMeasure.
template <int kRows, bool kMeasure = true>
__device__ __forceinline__ void screen_tiles(const float* x, const CentroidsOnDevice& centroids,
                                             Leader (&leaders)[kRows], float (&lengths)[kRows]) {
  const int d = centroids.d;
  float norm2[kRows] = {};
  for (int from = 0; from < centroids.k; from += kScreenGroup) {
    float lower[kRows][kScreenGroup];
#pragma unroll
    for (int row = 0; row < kRows; ++row)
#pragma unroll
      for (int i = 0; i < kScreenGroup; ++i) lower[row][i] = centroids.bounds[from + i].bias;
    const float* group = centroids.grouped + from * d;
    if (kMeasure && from == 0) {
      score_group<kRows, true>(x, group, d, lower, norm2);
#pragma unroll
      for (int row = 0; row < kRows; ++row) lengths[row] = screen_length(norm2[row], centroids.growth);
    } else {
      score_group<kRows, false>(x, group, d, lower, norm2);
    }
#pragma unroll
    for (int i = 0; i < kScreenGroup; ++i) {
      const float slope = centroids.bounds[from + i].slope;
#pragma unroll
      for (int row = 0; row < kRows; ++row)
        if (from + i < centroids.k) leaders[row].offer(fmaf(lengths[row], slope, lower[row][i]), from + i);
    }
  }
}

/// Puts the marked lanes' rows on the list of uncertain ones.
__device__ inline void list_rows(bool marked, int64_t row, const PassView& pass) {
  const unsigned all = __ballot_sync(kWholeWarp, marked);
  if (all == 0) return;
  const int leader = __ffs(static_cast<int>(all)) - 1;
  Word begin = 0;
  if (lane_of_warp() == leader) begin = atomicAdd(pass.listed, static_cast<Word>(__popc(all)));
  begin = __shfl_sync(kWholeWarp, begin, leader);
  const unsigned before = all & ((1u << lane_of_warp()) - 1);
  // Below 2^32 (FusedPass::takes); the list is read back as unsigned.
  if (marked) pass.rows.next[begin + __popc(before)] = static_cast<int32_t>(static_cast<uint32_t>(row));
}

/// What the screen says of one row.
struct Verdict {
  bool certain;  ///< `label` is the argmin of D
  int label;     ///< of the least lower bound
  float expiry;  ///< 0 unless certain
};

template <bool kRenew>
__device__ __forceinline__ Verdict judge(const Leader& found, float length, const PassBlock& block) {
  const float gap = screen_gap(block.centroids.bounds[found.first], length);
  Verdict v{length <= kScreenReach && found.second_bound - found.first_bound > gap, found.first, 0};
  if (kRenew && v.certain) {
    const float slack = row_slack(found.first_bound, found.second_bound, gap, length, block.centroids.d);
    v.expiry = row_expiry(slack, block.drift_down[v.label]);
  }
  return v;
}

/// Gives a row its label if that is certain and new, or puts it on the list. `valid`: this lane has a row. Returns how
/// many rows of the warp moved.
__device__ __forceinline__ int settle(const PassView& pass, const PassBlock& block, const Verdict& v, bool valid,
                                      int64_t row, int old, const float* x) {
  const bool changed = valid && v.certain && v.label != old;
  if (changed) {
    pass.rows.label[row] = v.label;
    block.table.move(x, block.scales, old, v.label, pass.sums.out_of_range);
  }
  list_rows(valid && !v.certain, row, pass);
  return __popc(__ballot_sync(kWholeWarp, changed));
}

__device__ inline float least_in_warp(float value) {
  for (int step = kWarp / 2; step > 0; step /= 2) value = fminf(value, __shfl_xor_sync(kWholeWarp, value, step));
  return value;
}

/// By all threads of the block. moved, scanned: this warp's.
__device__ inline void close_block(const PassView& pass, const PassBlock& block, int64_t moved, int64_t scanned) {
  if (lane_of_warp() == 0) {
    if (moved > 0) atomicAdd(pass.sums.moved, static_cast<Word>(moved));
    if (scanned > 0) atomicAdd(pass.sums.scanned, static_cast<Word>(scanned));
  }
  __syncthreads();
  block.table.flush(pass.sums);
}

}  // namespace clientele::gpu
