#include "clientele/base/errors.h"
#include "launch.h"
#include "quantised.h"
#include "square_sums.h"

namespace clientele::gpu {

namespace {

/// partial[feature * gridDim.x + block] = sum of m q^2 over the block's rows. y: features. 128 bits hold any such sum:
/// q^2 <= 2^80, sum of m <= 2^42.
__global__ void __launch_bounds__(kRowThreads)
    sum_squares(RowsView rows, const double* scales, Int128* partial, unsigned long long* out_of_range) {
  static __shared__ Int128 sums[kRowThreads];
  for (int64_t j = blockIdx.y; j < rows.d; j += gridDim.y) {
    const double scale = scales[j];
    Int128 sum = 0;
    for (int64_t r = first_item(); r < rows.rows; r += item_stride()) {
      const int64_t q = quantised(rows.row(r)[j * kTileRows], scale, out_of_range);
      sum += static_cast<Int128>(q) * q * rows.m(r);
    }
    __syncthreads();  // the feature before this one is read out
    sums[threadIdx.x] = sum;
    for (unsigned half = kRowThreads / 2; half > 0; half /= 2) {
      __syncthreads();
      if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
    }
    if (threadIdx.x == 0) partial[j * gridDim.x + blockIdx.x] = sums[0];
  }
}

}  // namespace

void require_in_range(unsigned long long out_of_range) {
  if (out_of_range == 0) return;
  throw Error(
      ErrorKind::internal,
      {.what = "value outside its column's fixed-point range", .where = "GPU", .expected = "|x * scale| <= 2^40"});
}

void add_square_sums(const CudaRows& rows, std::span<const double> scales, std::span<Int128> sums) {
  if (rows.rows() == 0 || rows.d() == 0) return;
  const Device& device = rows.device();
  const int64_t blocks = device.grid(rows.rows(), kRowThreads);
  const auto on_device = uploaded<double>(device, scales, "fixed-point scales");
  const Buffer<Int128> partial(device, rows.d() * blocks, "sums of squares");
  Buffer<unsigned long long> out_of_range(device, 1, "range check");
  out_of_range.fill_bytes(0);
  launch(device, "summing squares", {blocks, grid_y(rows.d()), kRowThreads}, sum_squares, rows.view(), on_device.data(),
         partial.data(), out_of_range.data());
  require_in_range(out_of_range.to_host().front());
  const std::vector<Int128> found = partial.to_host();
  for (size_t i = 0; i < found.size(); ++i) sums[i / static_cast<size_t>(blocks)] += found[i];
}

}  // namespace clientele::gpu
