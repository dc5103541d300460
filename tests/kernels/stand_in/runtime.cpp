// The host side of the stand-in: device memory is host memory; every call is done when it returns, but for copies from
// the host. What might run at the same time on a GPU is kept apart by order.h.
#include <algorithm>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "order.h"
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

/// Guards all streams and events, and the order of their operations.
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

int& multiprocessors() {
  static int count = cudaDeviceProp{}.multiProcessorCount;
  return count;
}

}  // namespace

/// The copies from the host that nothing has waited for yet, and what the next operation waits for first.
struct clientele::stand_in::StandInStream {
  std::deque<Copy> copies;
  size_t done = 0;  ///< before them
  std::vector<Mark> waits;
  Course course = new_course();
  Mark end() { return {this, done + copies.size()}; }
};

struct StandInEvent {
  Mark mark;
  clientele::stand_in::Order over;  ///< when it happens
};

namespace {

std::unordered_set<cudaStream_t>& streams() {
  static std::unordered_set<cudaStream_t> made;
  return made;
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

/// An operation that uses device memory and is done at once, after all that the stream waits for.
void use_now(cudaStream_t stream, const void* memory, size_t bytes, const char* doing) {
  const std::lock_guard lock(streams_mutex());
  begin_operation(stream->course);
  use(stream->course, memory, bytes, doing);
  finish(stream->end());
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

void clientele::stand_in::set_multiprocessors(int count) {
  multiprocessors() = count;
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

void clientele::stand_in::begin_launch(StandInStream* stream, std::initializer_list<Argument> arguments) {
  const std::lock_guard lock(streams_mutex());
  begin_operation(stream->course);
  for (const Argument& argument : arguments) {
    for (size_t i = 0; i + sizeof(void*) <= argument.bytes; i += sizeof(void*)) {
      const void* pointer = nullptr;
      std::memcpy(&pointer, static_cast<const char*>(argument.at) + i, sizeof pointer);
      use_around(stream->course, pointer, "a kernel");
    }
  }
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
  properties->multiProcessorCount = multiprocessors();
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
  const std::lock_guard lock(streams_mutex());
  *stream = new clientele::stand_in::StandInStream;
  streams().insert(*stream);
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  const std::lock_guard lock(streams_mutex());
  finish(stream->end());
  streams().erase(stream);
  delete stream;
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  const std::lock_guard lock(streams_mutex());
  finish(stream->end());
  clientele::stand_in::host_order().merge(stream->course.over);
  return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  const std::lock_guard lock(streams_mutex());
  if (event->mark.stream != stream) stream->waits.push_back(event->mark);
  stream->course.over.merge(event->over);
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
  begin_operation(stream->course);
  event->over = stream->course.over;
  return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  const std::lock_guard lock(streams_mutex());
  finish(event->mark);
  clientele::stand_in::host_order().merge(event->over);
  return cudaSuccess;
}

cudaError_t cudaHostRegister(void* memory, size_t bytes, unsigned) {
  const std::scoped_lock lock(pinned_memory().mutex, streams_mutex());
  if (!pinned_memory().pieces.insert(memory).second) return cudaErrorInvalidValue;
  clientele::stand_in::begin_pinned(memory, bytes);
  return cudaSuccess;
}
cudaError_t cudaHostUnregister(void* memory) {
  const std::scoped_lock lock(pinned_memory().mutex, streams_mutex());
  if (pinned_memory().pieces.erase(memory) == 0) return cudaErrorInvalidValue;
  clientele::stand_in::end_pinned(memory);
  return cudaSuccess;
}

cudaError_t cudaHostGetDevicePointer(void** seen, void* memory, unsigned) {
  const std::lock_guard lock(pinned_memory().mutex);
  *seen = memory;
  return pinned_memory().pieces.contains(memory) ? cudaSuccess : cudaErrorInvalidValue;
}

cudaError_t cudaMallocAsync(void** memory, size_t bytes, cudaStream_t stream) {
  Memory& device = memory_of_device();
  const std::lock_guard lock(device.mutex);
  if (device.limit >= 0 && static_cast<int64_t>(device.used + bytes) > device.limit) return cudaErrorMemoryAllocation;
  *memory = std::malloc(bytes);
  if (*memory == nullptr) return cudaErrorMemoryAllocation;
  std::memset(*memory, kRubbish, bytes);
  device.blocks.emplace(*memory, bytes);
  device.used += bytes;
  const std::lock_guard order(streams_mutex());
  begin_operation(stream->course);
  begin_allocation(stream->course, *memory, bytes);
  return cudaSuccess;
}

cudaError_t cudaFreeAsync(void* memory, cudaStream_t stream) {
  Memory& device = memory_of_device();
  const std::lock_guard lock(device.mutex);
  const auto found = device.blocks.find(memory);
  if (found == device.blocks.end()) return cudaErrorInvalidValue;
  {
    const std::lock_guard order(streams_mutex());
    begin_operation(stream->course);
    end_allocation(stream->course, memory);
    finish(stream->end());
  }
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
  if (kind == cudaMemcpyHostToDevice) return cudaMemcpy2DAsync(to, bytes, from, bytes, bytes, 1, kind, stream);
  use_now(stream, from, bytes, "a copy");
  std::memcpy(to, from, bytes);
  return cudaSuccess;
}

cudaError_t cudaMemcpy2DAsync(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width,
                              size_t height, cudaMemcpyKind kind, cudaStream_t stream) {
  if (to_pitch < width || from_pitch < width || kind != cudaMemcpyHostToDevice) return cudaErrorInvalidValue;
  if (height == 0) return cudaSuccess;
  const std::lock_guard lock(streams_mutex());
  begin_operation(stream->course);
  use(stream->course, to, (height - 1) * to_pitch + width, "a copy");
  for (size_t line = 0; line < height; ++line)
    stream->copies.push_back(
        {static_cast<char*>(to) + line * to_pitch, static_cast<const char*>(from) + line * from_pitch, width});
  return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void* memory, int byte, size_t bytes, cudaStream_t stream) {
  if (bytes == 0) return cudaSuccess;
  use_now(stream, memory, bytes, "a fill");
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
