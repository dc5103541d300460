// The host side of the stand-in: device memory is host memory; every call is done when it returns, but for copies from
// the host.
#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "stand_in.h"

namespace {

constexpr unsigned char kRubbish = 0xA5;

/// What is allocated now, and how much may be.
struct Memory {
  std::mutex mutex;
  std::unordered_map<void*, size_t> blocks;
  size_t used = 0;
  int64_t limit = -1;
};

struct Copy {
  void* to;
  const void* from;
  size_t bytes;
};

/// The stream's copies from the host that nothing has waited for yet.
struct OwedCopies {
  std::mutex mutex;
  std::vector<Copy> copies;
};

OwedCopies& owed_copies() {
  static OwedCopies owed;
  return owed;
}

void owe(const Copy& copy) {
  const std::lock_guard lock(owed_copies().mutex);
  owed_copies().copies.push_back(copy);
}

Memory& memory_of_device() {
  static Memory memory;
  static const bool limited = [] {
    const char* bytes = std::getenv("STAND_IN_BYTES");
    if (bytes != nullptr) memory.limit = std::atoll(bytes);
    return bytes != nullptr;
  }();
  static_cast<void>(limited);
  return memory;
}

/// Shared memory of a block: the card's most, and what kernels were allowed.
struct SharedMemory {
  size_t most = cudaDeviceProp{}.sharedMemPerBlockOptin;
  std::unordered_map<const void*, size_t> allowed;
};

SharedMemory& shared_memory() {
  static SharedMemory memory;
  return memory;
}

std::vector<int>& majors_of_devices() {
  static std::vector<int> majors = {8};
  return majors;
}

}  // namespace

void clientele::stand_in::limit_memory(int64_t bytes) {
  Memory& memory = memory_of_device();
  const std::lock_guard lock(memory.mutex);
  memory.limit = bytes < 0 ? -1 : static_cast<int64_t>(memory.used) + bytes;
}

void clientele::stand_in::set_devices(const std::vector<int>& majors) {
  majors_of_devices() = majors;
}

void clientele::stand_in::set_shared_bytes(size_t bytes) {
  shared_memory().most = bytes;
}

size_t clientele::stand_in::shared_bytes_allowed(const void* kernel) {
  const auto found = shared_memory().allowed.find(kernel);
  return found == shared_memory().allowed.end() ? size_t{48} << 10 : found->second;
}

cudaError_t stand_in_allow_shared_bytes(const void* kernel, int bytes) {
  if (bytes < 0 || static_cast<size_t>(bytes) > shared_memory().most) return cudaErrorInvalidValue;
  shared_memory().allowed[kernel] = std::max(size_t{48} << 10, static_cast<size_t>(bytes));
  return cudaSuccess;
}

void clientele::stand_in::finish_copies() {
  const std::lock_guard lock(owed_copies().mutex);
  for (const Copy& copy : owed_copies().copies) std::memcpy(copy.to, copy.from, copy.bytes);
  owed_copies().copies.clear();
}

const char* cudaGetErrorName(cudaError_t status) {
  return status == cudaErrorMemoryAllocation ? "cudaErrorMemoryAllocation" : "cudaError";
}
const char* cudaGetErrorString(cudaError_t status) {
  return status == cudaErrorMemoryAllocation ? "out of memory" : "failure";
}
cudaError_t cudaGetLastError() {
  return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int* count) {
  *count = static_cast<int>(majors_of_devices().size());
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) {
  return device == 0 ? cudaSuccess : cudaErrorInvalidValue;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  *properties = {};
  properties->sharedMemPerBlockOptin = shared_memory().most;
  properties->major = majors_of_devices().at(static_cast<size_t>(device));
  return properties->major > 0 ? cudaSuccess : cudaErrorInvalidValue;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr, int) {
  *value = 1;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* pool, int) {
  *pool = nullptr;
  return cudaSuccess;
}
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t, cudaMemPoolAttr, void*) {
  return cudaSuccess;
}
cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t, cudaMemPoolAttr, void* value) {
  std::memset(value, 0, sizeof(uint64_t));
  return cudaSuccess;
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  *stream = nullptr;
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t) {
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t) {
  clientele::stand_in::finish_copies();
  return cudaSuccess;
}

cudaError_t cudaMallocAsync(void** memory, size_t bytes, cudaStream_t) {
  Memory& device = memory_of_device();
  const std::lock_guard lock(device.mutex);
  if (device.limit >= 0 && static_cast<int64_t>(device.used + bytes) > device.limit) return cudaErrorMemoryAllocation;
  *memory = std::malloc(bytes);
  if (*memory == nullptr) return cudaErrorMemoryAllocation;
  std::memset(*memory, kRubbish, bytes);
  device.blocks.emplace(*memory, bytes);
  device.used += bytes;
  return cudaSuccess;
}

cudaError_t cudaFreeAsync(void* memory, cudaStream_t) {
  clientele::stand_in::finish_copies();
  Memory& device = memory_of_device();
  const std::lock_guard lock(device.mutex);
  const auto found = device.blocks.find(memory);
  if (found == device.blocks.end()) return cudaErrorInvalidValue;
  device.used -= found->second;
  device.blocks.erase(found);
  std::free(memory);
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t* free_bytes, size_t* total_bytes) {
  Memory& device = memory_of_device();
  const std::lock_guard lock(device.mutex);
  *total_bytes = cudaDeviceProp{}.totalGlobalMem;
  const size_t most = device.limit >= 0 ? static_cast<size_t>(device.limit) : *total_bytes;
  *free_bytes = most > device.used ? most - device.used : 0;
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind, cudaStream_t) {
  if (kind == cudaMemcpyHostToDevice) {
    owe({to, from, bytes});
    return cudaSuccess;
  }
  clientele::stand_in::finish_copies();
  std::memcpy(to, from, bytes);
  return cudaSuccess;
}

cudaError_t cudaMemcpy2DAsync(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width,
                              size_t height, cudaMemcpyKind kind, cudaStream_t) {
  if (to_pitch < width || from_pitch < width || kind != cudaMemcpyHostToDevice) return cudaErrorInvalidValue;
  for (size_t line = 0; line < height; ++line)
    owe({static_cast<char*>(to) + line * to_pitch, static_cast<const char*>(from) + line * from_pitch, width});
  return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void* memory, int byte, size_t bytes, cudaStream_t) {
  clientele::stand_in::finish_copies();
  std::memset(memory, byte, bytes);
  return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = 13000;
  return cudaSuccess;
}
cudaError_t cudaDriverGetVersion(int* version) {
  *version = 13000;
  return cudaSuccess;
}
