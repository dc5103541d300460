// The host side of the stand-in: device memory is host memory; every call is done when it returns, but for copies from
// the host.
#include <algorithm>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <utility>
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

/// The first `copies` of all copies that a stream was ever given.
struct Mark {
  clientele::stand_in::StandInStream* stream = nullptr;
  size_t copies = 0;
};

/// Guards all streams and events.
std::mutex& streams_mutex() {
  static std::mutex mutex;
  return mutex;
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

/// Host memory that is pinned.
struct Pinned {
  std::mutex mutex;
  std::unordered_set<const void*> pieces;
};

Pinned& pinned_memory() {
  static Pinned pinned;
  return pinned;
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

/// The copies from the host that nothing has waited for yet, and what the next operation waits for first.
struct clientele::stand_in::StandInStream {
  std::deque<Copy> copies;
  size_t done = 0;  ///< before them
  std::vector<Mark> waits;
  Mark end() { return {this, done + copies.size()}; }
};

struct StandInEvent {
  Mark mark;
};

namespace {

std::unordered_set<cudaStream_t>& streams() {
  static std::unordered_set<cudaStream_t> made;
  return made;
}

void owe(cudaStream_t stream, const Copy& copy) {
  const std::lock_guard lock(streams_mutex());
  stream->copies.push_back(copy);
}

/// With the lock held.
void finish(const Mark& mark) {
  if (!streams().contains(mark.stream)) return;  // one that is gone did its copies when it went
  const std::vector<Mark> waits = std::move(mark.stream->waits);
  mark.stream->waits.clear();
  for (const Mark& wait : waits) finish(wait);
  for (; mark.stream->done < mark.copies; ++mark.stream->done) {
    const Copy copy = mark.stream->copies.front();
    mark.stream->copies.pop_front();
    std::memcpy(copy.to, copy.from, copy.bytes);
  }
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

void clientele::stand_in::finish_copies(StandInStream* stream) {
  const std::lock_guard lock(streams_mutex());
  finish(stream->end());
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
  *stream = new clientele::stand_in::StandInStream;
  const std::lock_guard lock(streams_mutex());
  streams().insert(*stream);
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  clientele::stand_in::finish_copies(stream);
  const std::lock_guard lock(streams_mutex());
  streams().erase(stream);
  delete stream;
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  clientele::stand_in::finish_copies(stream);
  return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  const std::lock_guard lock(streams_mutex());
  if (event->mark.stream != stream) stream->waits.push_back(event->mark);
  return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new StandInEvent;
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  const std::lock_guard lock(streams_mutex());
  event->mark = stream->end();
  return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  const std::lock_guard lock(streams_mutex());
  finish(event->mark);
  return cudaSuccess;
}

cudaError_t cudaHostRegister(void* memory, size_t, unsigned) {
  Pinned& pinned = pinned_memory();
  const std::lock_guard lock(pinned.mutex);
  return pinned.pieces.insert(memory).second ? cudaSuccess : cudaErrorInvalidValue;
}
cudaError_t cudaHostUnregister(void* memory) {
  const std::lock_guard lock(pinned_memory().mutex);
  return pinned_memory().pieces.erase(memory) > 0 ? cudaSuccess : cudaErrorInvalidValue;
}

cudaError_t cudaHostGetDevicePointer(void** seen, void* memory, unsigned) {
  const std::lock_guard lock(pinned_memory().mutex);
  *seen = memory;
  return pinned_memory().pieces.contains(memory) ? cudaSuccess : cudaErrorInvalidValue;
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

cudaError_t cudaFreeAsync(void* memory, cudaStream_t stream) {
  clientele::stand_in::finish_copies(stream);
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

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  if (kind == cudaMemcpyHostToDevice) {
    owe(stream, {to, from, bytes});
    return cudaSuccess;
  }
  clientele::stand_in::finish_copies(stream);
  std::memcpy(to, from, bytes);
  return cudaSuccess;
}

cudaError_t cudaMemcpy2DAsync(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width,
                              size_t height, cudaMemcpyKind kind, cudaStream_t stream) {
  if (to_pitch < width || from_pitch < width || kind != cudaMemcpyHostToDevice) return cudaErrorInvalidValue;
  for (size_t line = 0; line < height; ++line)
    owe(stream, {static_cast<char*>(to) + line * to_pitch, static_cast<const char*>(from) + line * from_pitch, width});
  return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void* memory, int byte, size_t bytes, cudaStream_t stream) {
  clientele::stand_in::finish_copies(stream);
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
