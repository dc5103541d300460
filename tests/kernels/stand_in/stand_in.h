// A stand-in for the CUDA runtime that runs kernels on the host, for tests of kernels/ on machines without a GPU: the
// same sources, compiled as C++ against this header. What it proves: the kernels' logic (indices, barriers reached by
// all, arithmetic, order of canonical sums) and the host code around them. What it cannot prove: that nvcc's machine
// code, real concurrency and real memory behave.
//
// A block's threads are fibers that run one after the other from barrier to barrier, in ascending order in one launch
// and in descending order in the next, so that a missing barrier shows. Fresh device memory and shared memory hold
// rubbish. A block whose threads wait at different barriers for ever ends the program with a message. A copy from the
// host reads its source as late as it may, at the stream's next operation or where the stream or an event of it is
// waited for, so that memory reused too early and kernels that do not wait for another stream's copy show. Kernels are
// done when they are launched; that an operation must wait for those of another stream is found by counting (order.h).
#pragma once

#include <math.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <type_traits>
#include <vector>

#define __global__
#define __device__
#define __host__
#define __shared__
#define __align__(bytes) __attribute__((aligned(bytes)))
#define __launch_bounds__(...)
#define __grid_constant__
#define __forceinline__ inline

struct dim3 {
  unsigned x = 1, y = 1, z = 1;
  dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

inline dim3 threadIdx, blockIdx, blockDim, gridDim;

// ---- what kernels call ----

void __syncthreads();

namespace clientele::stand_in {

struct StandInStream;

/// Every unfinished lane of the warp brings a value; returns the values of all 32 lanes (those of absent lanes are 0).
const uint64_t* exchange_in_warp(uint64_t mine);

template <class T>
uint64_t packed(T value) {
  static_assert(sizeof(T) <= sizeof(uint64_t));
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  return bits;
}

template <class T>
T unpacked(uint64_t bits) {
  T value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/// The calling thread's asynchronous copies into shared memory: each is made as late as it may be, when the thread
/// waits for it, so that a wait or barrier that is missing shows.
void copy_later(void* to, const void* from, size_t bytes);
void close_batch_of_copies();
void wait_for_copies(size_t batches_left);

/// Fills the dynamic shared memory with rubbish and runs all blocks of a grid. A block that writes behind its dynamic
/// shared memory ends the program with a message.
void run_grid(dim3 grid, dim3 block, size_t shared_bytes, const std::function<void()>& thread);

/// Bytes that may be allocated from now on; a negative number: no limit. The environment's STAND_IN_BYTES is the limit
/// that a program starts with.
void limit_memory(int64_t bytes);

/// Devices of these major compute capabilities from now on; 0: one that cannot be asked for its properties.
void set_devices(const std::vector<int>& majors);

/// Shared memory that a block may be given from now on; the card's default is 100 KiB.
void set_shared_bytes(size_t bytes);
/// What a launch with this kernel may ask for: 48 KiB unless the kernel was allowed more.
size_t shared_bytes_allowed(const void* kernel);

/// Multiprocessors of devices that are opened from now on, each of which holds one block of a kernel; 1 at first.
void set_multiprocessors(int count);

/// Where a kernel's argument stands.
struct Argument {
  const void* at;
  size_t bytes;
};
/// What comes before a launch on the stream: copies that it waits for are done, and the memory that it may use is
/// noted.
void begin_launch(StandInStream* stream, std::initializer_list<Argument> arguments);

}  // namespace clientele::stand_in

template <class T>
T __shfl_sync(unsigned, T value, int from) {
  return clientele::stand_in::unpacked<T>(
      clientele::stand_in::exchange_in_warp(clientele::stand_in::packed(value))[from % 32]);
}

template <class T>
T __shfl_xor_sync(unsigned, T value, int step) {
  const unsigned lane = threadIdx.x % 32;
  return clientele::stand_in::unpacked<T>(
      clientele::stand_in::exchange_in_warp(clientele::stand_in::packed(value))[lane ^ static_cast<unsigned>(step)]);
}

inline unsigned __ballot_sync(unsigned, int predicate) {
  const uint64_t* votes = clientele::stand_in::exchange_in_warp(predicate != 0 ? 1 : 0);
  unsigned ballot = 0;
  for (int lane = 0; lane < 32; ++lane) ballot |= static_cast<unsigned>(votes[lane]) << lane;
  return ballot;
}

inline void __syncwarp() {
  clientele::stand_in::exchange_in_warp(0);
}

inline int __ffs(int bits) {
  return __builtin_ffs(bits);
}
inline int __popc(unsigned bits) {
  return __builtin_popcount(bits);
}
inline float __uint_as_float(unsigned bits) {
  return clientele::stand_in::unpacked<float>(bits);
}
inline unsigned __float_as_uint(float x) {
  return clientele::stand_in::unpacked<unsigned>(clientele::stand_in::packed(x));
}
inline long long __double_as_longlong(double x) {
  return clientele::stand_in::unpacked<long long>(clientele::stand_in::packed(x));
}
inline long long __double2ll_rn(double x) {
  return llrint(x);
}

template <class T>
T atomicAdd(T* at, std::type_identity_t<T> value) {
  const T before = *at;
  *at = static_cast<T>(before + value);
  return before;
}

template <class T>
T atomicMin(T* at, std::type_identity_t<T> value) {
  const T before = *at;
  if (value < before) *at = value;
  return before;
}

template <class T>
T atomicMax(T* at, std::type_identity_t<T> value) {
  const T before = *at;
  if (value > before) *at = value;
  return before;
}

// ---- what the host calls ----

enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInsufficientDriver = 35,
  cudaErrorInvalidConfiguration = 9,
};
enum cudaMemcpyKind { cudaMemcpyHostToDevice = 1, cudaMemcpyDeviceToHost = 2 };
enum cudaDeviceAttr { cudaDevAttrMemoryPoolsSupported = 115 };
enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize = 8 };
enum cudaMemPoolAttr {
  cudaMemPoolAttrReleaseThreshold = 4,
  cudaMemPoolAttrReservedMemCurrent = 5,
  cudaMemPoolAttrUsedMemCurrent = 7,
};
constexpr unsigned cudaStreamNonBlocking = 1;
constexpr unsigned cudaEventDisableTiming = 2;
constexpr unsigned cudaHostRegisterMapped = 2;
using cudaStream_t = clientele::stand_in::StandInStream*;
using cudaEvent_t = struct StandInEvent*;
using cudaMemPool_t = struct StandInPool*;

struct cudaDeviceProp {
  char name[256] = "stand-in for a GPU";
  size_t totalGlobalMem = size_t{1} << 30;
  int major = 8;
  int minor = 0;
  int multiProcessorCount = 1;
  size_t sharedMemPerBlockOptin = size_t{100} << 10;
};

struct cudaLaunchConfig_t {
  dim3 gridDim, blockDim;
  size_t dynamicSmemBytes = 0;
  cudaStream_t stream = nullptr;
};

const char* cudaGetErrorName(cudaError_t status);
const char* cudaGetErrorString(cudaError_t status);
cudaError_t cudaGetLastError();
cudaError_t cudaGetDeviceCount(int* count);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device);
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device);
cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* pool, int device);
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void* value);
cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void* value);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaHostRegister(void* memory, size_t bytes, unsigned flags);
cudaError_t cudaHostUnregister(void* memory);
cudaError_t cudaHostGetDevicePointer(void** seen, void* memory, unsigned flags);
cudaError_t cudaMallocAsync(void** memory, size_t bytes, cudaStream_t stream);
cudaError_t cudaFreeAsync(void* memory, cudaStream_t stream);
cudaError_t cudaMemGetInfo(size_t* free_bytes, size_t* total_bytes);
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream);
cudaError_t cudaMemcpy2DAsync(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width,
                              size_t height, cudaMemcpyKind kind, cudaStream_t stream);
cudaError_t cudaMemsetAsync(void* memory, int byte, size_t bytes, cudaStream_t stream);
cudaError_t cudaRuntimeGetVersion(int* version);
cudaError_t cudaDriverGetVersion(int* version);

cudaError_t stand_in_allow_shared_bytes(const void* kernel, int bytes);

template <class... Parameters>
cudaError_t cudaFuncSetAttribute(void (*kernel)(Parameters...), cudaFuncAttribute, int value) {
  return stand_in_allow_shared_bytes(reinterpret_cast<const void*>(kernel), value);
}
/// One block, however many a multiprocessor would hold: blocks run one after the other, and that their warps meet is
/// for a GPU to show.
template <class... Parameters>
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, void (*)(Parameters...), int, size_t) {
  *blocks = 1;
  return cudaSuccess;
}

template <class... Parameters, class... Arguments>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Parameters...),
                               Arguments... arguments) {
  const dim3 grid = config->gridDim;
  const dim3 block = config->blockDim;
  if (grid.x == 0 || grid.y == 0 || grid.y > 65535 || block.x == 0 || block.x > 1024 ||
      config->dynamicSmemBytes > clientele::stand_in::shared_bytes_allowed(reinterpret_cast<const void*>(kernel)))
    return cudaErrorInvalidConfiguration;
  clientele::stand_in::begin_launch(config->stream, {{&arguments, sizeof arguments}...});
  clientele::stand_in::run_grid(grid, block, config->dynamicSmemBytes, [&] { kernel(arguments...); });
  return cudaSuccess;
}
