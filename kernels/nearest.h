// Device functions that find a row's nearest centroids: the float32 screen, and the canonical scan by a warp.
#pragma once

#include "launch.h"
#include "screen.h"

namespace clientele::gpu {

inline constexpr int32_t kUncertain = -2;  ///< in RowsView::next: the screen could not certify this row
inline constexpr unsigned kWholeWarp = 0xFFFFFFFFu;
inline constexpr int kWarp = 32;

/// The two centroids of least lower bound, and the third's bound.
struct Shortlist {
  float first_bound = HUGE_VALF, second_bound = HUGE_VALF, third_bound = HUGE_VALF;
  int first = 0, second = 0;

  __device__ void offer(float bound, int c) {
    if (bound < first_bound) {
      third_bound = second_bound;
      second_bound = first_bound;
      second = first;
      first_bound = bound;
      first = c;
    } else if (bound < second_bound) {
      third_bound = second_bound;
      second_bound = bound;
      second = c;
    } else if (bound < third_bound) {
      third_bound = bound;
    }
  }
};

/// The least lower bound, whose it is, and the least of all others.
struct Leader {
  float first_bound = HUGE_VALF, second_bound = HUGE_VALF;
  int first = 0;

  /// A NaN makes the two equal: such a row is never certified.
  __device__ void offer(float bound, int c) {
    second_bound = fminf(second_bound, fmaxf(first_bound, bound));
    if (bound < first_bound) {
      first_bound = bound;
      first = c;
    }
  }
};

/// A bound on |x| of a tiled row, for the screen.
__device__ inline float row_length(const float* x, const CentroidsOnDevice& centroids) {
  float norm2 = 0;
  for (int j = 0; j < centroids.d; ++j) {
    const float v = x[j * kTileRows];
    norm2 = fmaf(v, v, norm2);
  }
  return screen_length(norm2, centroids.growth);
}

/// Screens one tiled row against all centroids.
__device__ inline Shortlist screen_row(const float* x, float length, const CentroidsOnDevice& centroids) {
  Shortlist found;
  for (int from = 0; from < centroids.k; from += kScreenGroup) {
    const float* group = centroids.grouped + int64_t{from} * centroids.d;
    float lower[kScreenGroup];
    for (int i = 0; i < kScreenGroup; ++i) lower[i] = centroids.bounds[from + i].bias;
    for (int j = 0; j < centroids.d; ++j) {
      const float v = x[j * kTileRows];
      for (int i = 0; i < kScreenGroup; ++i) lower[i] = fmaf(v, group[j * kScreenGroup + i], lower[i]);
    }
    for (int i = 0; i < kScreenGroup; ++i)
      if (from + i < centroids.k) found.offer(fmaf(length, centroids.bounds[from + i].slope, lower[i]), from + i);
  }
  return found;
}

/// The label that the float32 screen certifies, or kUncertain.
__device__ inline int32_t screened_label(const float* x, const CentroidsOnDevice& centroids) {
  const float length = row_length(x, centroids);
  if (!(length <= kScreenReach)) return kUncertain;
  const Shortlist found = screen_row(x, length, centroids);
  const bool certified = found.second_bound - found.first_bound > screen_gap(centroids.bounds[found.first], length);
  return certified ? found.first : kUncertain;
}

/// A candidate of the canonical scan; less is nearer, ties by lowest index.
struct Near {
  double d2 = HUGE_VAL;
  int c = 0x7FFFFFFF;
  __device__ bool before(const Near& other) const { return d2 < other.d2 || (d2 == other.d2 && c < other.c); }
};

struct NearTwo {
  Near first, second;
  __device__ void offer(const Near& candidate) {
    if (candidate.before(first)) {
      second = first;
      first = candidate;
    } else if (candidate.before(second)) {
      second = candidate;
    }
  }
};

/// Canonical nearest and second nearest centroid of one tiled row; called by all lanes of a warp, all of which get the
/// result.
__device__ inline NearTwo scan_row(const float* x, const CentroidsOnDevice& centroids) {
  NearTwo found;
  for (int c = static_cast<int>(threadIdx.x) % kWarp; c < centroids.k; c += kWarp)
    found.offer({canonical_d2(x, kTileRows, centroids.values + int64_t{c} * centroids.d, 1, centroids.d), c});
  for (int step = kWarp / 2; step > 0; step /= 2) {
    const Near first{__shfl_xor_sync(kWholeWarp, found.first.d2, step),
                     __shfl_xor_sync(kWholeWarp, found.first.c, step)};
    const Near second{__shfl_xor_sync(kWholeWarp, found.second.d2, step),
                      __shfl_xor_sync(kWholeWarp, found.second.c, step)};
    found.offer(first);
    found.offer(second);
  }
  return found;
}

/// Calls resolve(local row, NearTwo) once for each uncertain row of [begin, end), by lane 0 of the warp that scanned
/// it. Uncertain rows of a stretch are gathered in shared memory and shared out among the block's warps. Returns how
/// many this block had. blockDim.x == kRowThreads.
template <class Resolve>
__device__ int64_t scan_uncertain(const RowsView& rows, int64_t begin, int64_t end, const CentroidsOnDevice& centroids,
                                  const Resolve& resolve) {
  static __shared__ int64_t waiting[kRowThreads];
  static __shared__ int count;
  int64_t total = 0;
  const int64_t stride = int64_t{gridDim.x} * kRowThreads;
  for (int64_t from = begin + int64_t{blockIdx.x} * kRowThreads; from < end; from += stride) {
    if (threadIdx.x == 0) count = 0;
    __syncthreads();
    const int64_t row = from + threadIdx.x;
    if (row < end && rows.next[row] == kUncertain) waiting[atomicAdd(&count, 1)] = row;
    __syncthreads();
    const int found = count;
    for (int i = static_cast<int>(threadIdx.x) / kWarp; i < found; i += kRowThreads / kWarp) {
      const NearTwo nearest = scan_row(rows.row(waiting[i]), centroids);
      if (threadIdx.x % kWarp == 0) resolve(waiting[i], nearest);
    }
    total += found;
    __syncthreads();
  }
  return total;
}

}  // namespace clientele::gpu
