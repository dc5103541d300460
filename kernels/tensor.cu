#include <mma_bf16.h>

#include "launch.h"
#include "nearest.h"
#include "tensor.h"

namespace clientele::gpu {

namespace {

constexpr int kRowsSeen = 4;  ///< rows a lane sees of a tile: g, g + 8, g + 16 and g + 24, with g = lane / 4

/// A tile's 32 rows rounded to bf16, as two A operands, and bounds on their lengths and rounding errors.
template <int kSteps>
struct TileOperands {
  uint32_t a[2][kSteps][4];
  float length[kRowsSeen], error[kRowsSeen];
};

/// Sum over the four lanes that share rows.
__device__ inline float sum_in_quad(float value) {
  value += __shfl_xor_sync(kWholeWarp, value, 1);
  return value + __shfl_xor_sync(kWholeWarp, value, 2);
}

template <int kSteps>
__device__ __forceinline__ void load_tile(const float* tile, int d, float growth, TileOperands<kSteps>& out) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp, g = lane / 4, t = lane % 4;
  float norm2[kRowsSeen] = {}, error2[kRowsSeen] = {};
#pragma unroll
  for (int seen = 0; seen < kRowsSeen; ++seen) {
#pragma unroll
    for (int step = 0; step < kSteps; ++step) {
#pragma unroll
      for (int side = 0; side < 2; ++side) {
        uint32_t pair = 0;
#pragma unroll
        for (int i = 0; i < 2; ++i) {
          const int j = step * kTensorDepth + 2 * t + 8 * side + i;
          const float v = j < d ? tile[j * kTileRows + g + 8 * seen] : 0.0f;
          const uint32_t bits = bf16_bits(v);
          const float off = v - bf16_value(bits);
          norm2[seen] = fmaf(v, v, norm2[seen]);
          error2[seen] = fmaf(off, off, error2[seen]);
          pair |= bits << (16 * i);
        }
        out.a[seen / 2][step][seen % 2 + 2 * side] = pair;
      }
    }
    out.length[seen] = screen_length(sum_in_quad(norm2[seen]), growth);
    out.error[seen] = screen_length(sum_in_quad(error2[seen]), growth);
  }
}

/// As far as one lane or some of them have seen.
struct TensorLeader : Leader {
  /// With what the lane `step` away has found of the same row.
  __device__ void merge(int step) {
    const float other_second = __shfl_xor_sync(kWholeWarp, second_bound, step);
    const float other_first = __shfl_xor_sync(kWholeWarp, first_bound, step);
    const int other = __shfl_xor_sync(kWholeWarp, first, step);
    second_bound = fminf(second_bound, other_second);
    offer(other_first, other);
  }
};

/// A warp takes tile after tile: 32 rows in registers against all groups of 8 centroids.
template <int kSteps>
__global__ void __launch_bounds__(kTensorThreads, 2) screen_on_tensor_cores(RowsView rows, TensorView model) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp, t = lane % 4;
  const int64_t tiles = tile_count(rows.rows);
  for (int64_t tile = first_item() / kWarp; tile < tiles; tile += item_stride() / kWarp) {
    TileOperands<kSteps> operands;
    load_tile(rows.values + tile * kTileRows * rows.d, rows.d, model.scales.growth, operands);
    float reach[kRowsSeen];
    TensorLeader leaders[kRowsSeen];
#pragma unroll
    for (int seen = 0; seen < kRowsSeen; ++seen)
      reach[seen] = tensor_reach(model.scales, operands.length[seen], operands.error[seen]);
    for (int group = 0; group < model.groups; ++group) {
      const int c = group * kTensorColumns + 2 * t;
      const TensorBound even = model.bounds[c], odd = model.bounds[c + 1];
      float acc[2][4];
#pragma unroll
      for (int m = 0; m < 2; ++m) {
        acc[m][0] = acc[m][2] = even.bias;
        acc[m][1] = acc[m][3] = odd.bias;
      }
      const uint32_t* fragment = model.fragments + (int64_t{group} * kSteps * kWarp + lane) * 2;
#pragma unroll
      for (int step = 0; step < kSteps; ++step) {
        const uint32_t b[2] = {fragment[step * kWarp * 2], fragment[step * kWarp * 2 + 1]};
        mma_bf16(acc[0], operands.a[0][step], b);
        mma_bf16(acc[1], operands.a[1][step], b);
      }
#pragma unroll
      for (int seen = 0; seen < kRowsSeen; ++seen) {
        leaders[seen].offer(fmaf(reach[seen], even.slope, acc[seen / 2][seen % 2 * 2]), c);
        leaders[seen].offer(fmaf(reach[seen], odd.slope, acc[seen / 2][seen % 2 * 2 + 1]), c + 1);
      }
    }
#pragma unroll
    for (int seen = 0; seen < kRowsSeen; ++seen) {
      TensorLeader& found = leaders[seen];
      found.merge(1);
      found.merge(2);
      const int64_t row = tile * kTileRows + lane / 4 + 8 * seen;
      if (t != 0 || row >= rows.rows) continue;
      const float gap = tensor_gap(model.bounds[found.first], model.scales, reach[seen], operands.length[seen]);
      const bool certified = operands.length[seen] <= kScreenReach && found.second_bound - found.first_bound > gap;
      rows.next[row] = certified ? found.first : kUncertain;
    }
  }
}

/// next = the label that the float32 screen certifies, where it is still kUncertain. A block collects such rows until
/// each of its threads has one.
__global__ void __launch_bounds__(kRowThreads) screen_uncertain(RowsView rows, CentroidsOnDevice centroids) {
  static __shared__ int64_t waiting[2 * kRowThreads];
  static __shared__ int count;
  const int thread = static_cast<int>(threadIdx.x);
  if (thread == 0) count = 0;
  __syncthreads();
  const int64_t stride = int64_t{gridDim.x} * kRowThreads;
  for (int64_t from = int64_t{blockIdx.x} * kRowThreads; from < rows.rows; from += stride) {
    const int64_t row = from + thread;
    if (row < rows.rows && rows.next[row] == kUncertain) waiting[atomicAdd(&count, 1)] = row;
    __syncthreads();
    const int found = count;
    const bool last = from + stride >= rows.rows;
    const int taken = last ? found : found / kRowThreads * kRowThreads;
    for (int i = thread; i < taken; i += kRowThreads)
      rows.next[waiting[i]] = screened_label(rows.row(waiting[i]), centroids);
    __syncthreads();  // every thread has read the count and its rows
    if (taken == 0) continue;
    if (thread < found - taken) waiting[thread] = waiting[taken + thread];
    if (thread == 0) count = found - taken;
    __syncthreads();
  }
}

void (*kernel_of(int steps))(RowsView, TensorView) {
  switch (steps) {
    case 1:
      return screen_on_tensor_cores<1>;
    case 2:
      return screen_on_tensor_cores<2>;
    case 3:
      return screen_on_tensor_cores<3>;
    case 4:
      return screen_on_tensor_cores<4>;
    case 6:
      return screen_on_tensor_cores<6>;
    default:
      return screen_on_tensor_cores<8>;
  }
}

}  // namespace

TensorScreen::TensorScreen(const Device& device, const CentroidsView& centroids) : device_(device) {
  const TensorModel model = tensor_model(centroids);
  steps_ = model.steps;
  groups_ = static_cast<int>(model.bounds.size()) / kTensorColumns;
  scales_ = model.scales;
  fragments_ = uploaded<uint32_t>(device, model.fragments, "centroids of the screen on tensor cores");
  bounds_ = uploaded<TensorBound>(device, model.bounds, "error bounds of the screen on tensor cores");
}

void TensorScreen::screen(const CudaRows& rows) const {
  const TensorView view{fragments_.data(), bounds_.data(), groups_, scales_};
  launch(device_, "screening rows on tensor cores", {device_.grid(rows.rows(), kTensorThreads), 1, kTensorThreads},
         kernel_of(steps_), rows.view(), view);
}

void TensorScreen::screen_again(const CudaRows& rows, const CentroidsOnDevice& centroids) const {
  launch(device_, "screening uncertain rows", {device_.grid(rows.rows(), kRowThreads), 1, kRowThreads},
         screen_uncertain, rows.view(), centroids);
}

}  // namespace clientele::gpu
