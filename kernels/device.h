// One GPU, its stream and its memory. Every call on a Device goes to one stream that is not the default one; memory
// comes from the device's stream-ordered pool. A failed call is Error{device}; running out of memory names the buffer.
#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "clientele/base/canonical.h"
#include "clientele/base/views.h"
#include "tuning.h"

namespace clientele::gpu {

/// Throws Error{device} unless status is cudaSuccess. `doing`: "copying labels to the host".
void check(cudaError_t status, const char* doing);

class Device {
 public:
  /// Throws Error{device} if there is no such device or it cannot be used.
  explicit Device(int ordinal);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  /// Makes this device the calling thread's current one; every operation starts with it.
  void use() const;
  cudaStream_t stream() const { return stream_; }
  int ordinal() const { return ordinal_; }
  const cudaDeviceProp& properties() const { return properties_; }
  /// Waits for the stream; the only place where the host waits.
  void synchronise() const;

  /// Grid of a grid-stride kernel over `items` work items, `threads` a block: enough to fill the device, no more.
  int64_t grid(int64_t items, int threads) const {
    const int64_t wanted = (items + threads - 1) / threads;
    return std::clamp<int64_t>(wanted, 1, int64_t{properties_.multiProcessorCount} * kBlocksPerMultiprocessor);
  }

  /// Dynamic shared memory that a block may be given, when its kernel is told so (resident_blocks).
  int64_t shared_bytes() const { return static_cast<int64_t>(properties_.sharedMemPerBlockOptin) - kStaticSharedBytes; }

  /// Global blocks of 65,536 rows, and their rows, that a pass with per-row scratch takes at once.
  int64_t batch_blocks() const { return properties_.multiProcessorCount * kBatchBlocksPerMultiprocessor; }
  int64_t batch_rows() const { return batch_blocks() * kBlockRows; }

  /// Bytes that can still be allocated: what is free, and what the pool holds without using it.
  int64_t free_bytes() const;
  void* allocate(int64_t bytes, const char* purpose) const;
  /// Null where memory runs out.
  void* allocate_if_room(int64_t bytes) const;
  void release(void* memory) const noexcept;

  /// Fixes host memory in place until unpin, so that copies need no detour; false where the system does not allow it.
  bool pin(void* memory, int64_t bytes) const;
  void unpin(void* memory) const noexcept;
  /// Where kernels find pinned memory of the host; null unless `memory` is the begin of some.
  const void* seen(void* memory) const;

 private:
  int ordinal_;
  cudaStream_t stream_ = nullptr;
  cudaMemPool_t pool_ = nullptr;
  cudaDeviceProp properties_{};
};

/// Owning, move-only array in device memory, uninitialised. `purpose` names it in an out-of-memory message.
template <class T>
class Buffer {
 public:
  Buffer() = default;
  Buffer(const Device& device, int64_t count, const char* purpose)
      : device_(&device),
        data_(static_cast<T*>(device.allocate(std::max<int64_t>(count, 1) * static_cast<int64_t>(sizeof(T)), purpose))),
        count_(count) {}
  /// Empty, with no data, where memory runs out.
  static Buffer if_room(const Device& device, int64_t count) {
    Buffer buffer;
    buffer.data_ =
        static_cast<T*>(device.allocate_if_room(std::max<int64_t>(count, 1) * static_cast<int64_t>(sizeof(T))));
    if (buffer.data_ == nullptr) return buffer;
    buffer.device_ = &device;
    buffer.count_ = count;
    return buffer;
  }
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    Buffer moved(std::move(other));
    swap(moved);
    return *this;
  }
  ~Buffer() {
    if (data_ != nullptr) device_->release(data_);
  }

  T* data() const { return data_; }
  int64_t size() const { return count_; }

  /// Host array to elements [at, at + from.size()); complete when this returns, so `from` may go.
  void upload(std::span<const T> from, int64_t at = 0) {
    if (from.empty()) return;
    check(cudaMemcpyAsync(data_ + at, from.data(), from.size_bytes(), cudaMemcpyHostToDevice, device_->stream()),
          "copying to the device");
    device_->synchronise();
  }
  /// Columns of a host array, one after the other from element 0 on; complete when this returns.
  void upload_columns(ColumnsView<const T> from) {
    if (from.rows == 0 || from.columns == 0) return;
    const size_t width = static_cast<size_t>(from.rows) * sizeof(T);
    check(cudaMemcpy2DAsync(data_, width, from.data, static_cast<size_t>(from.stride) * sizeof(T), width,
                            static_cast<size_t>(from.columns), cudaMemcpyHostToDevice, device_->stream()),
          "copying columns to the device");
    device_->synchronise();
  }
  /// Elements [at, at + to.size()) to the host; complete when this returns.
  void download(std::span<T> to, int64_t at = 0) const {
    if (to.empty()) return;
    check(cudaMemcpyAsync(to.data(), data_ + at, to.size_bytes(), cudaMemcpyDeviceToHost, device_->stream()),
          "copying from the device");
    device_->synchronise();
  }
  std::vector<T> to_host() const {
    std::vector<T> host(static_cast<size_t>(count_));
    download(host);
    return host;
  }
  /// Sets every byte.
  void fill_bytes(int byte) {
    check(cudaMemsetAsync(data_, byte, static_cast<size_t>(count_) * sizeof(T), device_->stream()), "filling memory");
  }

 private:
  void swap(Buffer& other) noexcept {
    std::swap(device_, other.device_);
    std::swap(data_, other.data_);
    std::swap(count_, other.count_);
  }
  const Device* device_ = nullptr;
  T* data_ = nullptr;
  int64_t count_ = 0;
};

/// A buffer that holds a copy of a host array.
template <class T>
Buffer<T> uploaded(const Device& device, std::span<const T> from, const char* purpose) {
  Buffer<T> buffer(device, static_cast<int64_t>(from.size()), purpose);
  buffer.upload(from);
  return buffer;
}

}  // namespace clientele::gpu
