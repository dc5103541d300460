// Launching kernels on a Device's stream, with every launch checked. Compiled by nvcc only.
#pragma once

#include <type_traits>

#include "device.h"

namespace clientele::gpu {

struct Grid {
  int64_t x = 1;
  int64_t y = 1;
  int threads = kRowThreads;
  int64_t shared_bytes = 0;
};

/// Blocks in y of a kernel that strides over `items` features or segments there.
inline int64_t grid_y(int64_t items) {
  return std::min(items, kGridY);
}

template <class T>
using AsPassed = std::type_identity_t<T>;

/// `doing` names the kernel's task in an error message.
template <class... Parameters>
void launch(const Device& device, const char* doing, const Grid& grid, void (*kernel)(Parameters...),
            AsPassed<Parameters>... arguments) {
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(static_cast<unsigned>(grid.x), static_cast<unsigned>(grid.y), 1);
  config.blockDim = dim3(static_cast<unsigned>(grid.threads), 1, 1);
  config.dynamicSmemBytes = static_cast<size_t>(grid.shared_bytes);
  config.stream = device.stream();
  check(cudaLaunchKernelEx(&config, kernel, arguments...), doing);
}

/// Blocks of such a kernel that the device holds at once. Also allows the kernel that much dynamic shared memory, which
/// it needs before it is launched with more than 48 KiB.
template <class... Parameters>
int64_t resident_blocks(const Device& device, void (*kernel)(Parameters...), int threads, int64_t shared_bytes) {
  const int bytes = static_cast<int>(shared_bytes);
  check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes), "setting up a kernel");
  int blocks = 0;
  check(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel, threads, static_cast<size_t>(bytes)),
        "setting up a kernel");
  return int64_t{std::max(blocks, 1)} * device.properties().multiProcessorCount;
}

/// The block's dynamic shared memory.
template <class T>
__device__ inline T* dynamic_shared() {
  extern __shared__ __align__(16) unsigned char dynamic_shared_bytes[];
  return reinterpret_cast<T*>(dynamic_shared_bytes);
}

/// First work item and stride of a thread in a grid-stride loop over x.
__device__ inline int64_t first_item() {
  return int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
}
__device__ inline int64_t item_stride() {
  return int64_t{gridDim.x} * blockDim.x;
}

}  // namespace clientele::gpu
