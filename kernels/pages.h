// Pages of features on their way through device memory: while kernels work on one, the next is copied from the host on
// a stream of its own. What may overlap and what may not is said by two events a page; the host waits only until a copy
// has left its memory, which the next copy would wait for anyway.
#pragma once

#include <memory>
#include <vector>

#include "device.h"

namespace clientele::gpu {

/// Buffers that a lent page is copied to, in turns.
inline constexpr int kDevicePages = 2;

class Event {
 public:
  Event();
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  cudaEvent_t get() const { return event_; }

 private:
  cudaEvent_t event_ = nullptr;
};

/// A page's place in device memory.
struct DevicePage {
  DevicePage(const Device& device, int64_t floats) : values(device, floats, "a page of features") {}
  Buffer<float> values;
  Event uploaded;        ///< the copy from the host is done
  Event used;            ///< the kernels that were given the page are done
  bool awaited = false;  ///< kernels launched from now on see the copy
};

/// The places of all blocks of a job. Used by one thread.
class DevicePages {
 public:
  /// `device` must outlive it and its pages.
  explicit DevicePages(const Device& device);
  ~DevicePages();
  DevicePages(const DevicePages&) = delete;
  DevicePages& operator=(const DevicePages&) = delete;

  /// Pages of so many floats will come: makes room for them now, so that memory does not run out in the middle.
  void expect(int64_t floats);
  /// A page with a copy of from[0, floats), which must stay as it is until give_back or download. Kernels may use it
  /// once it is awaited.
  std::unique_ptr<DevicePage> upload(const float* from, int64_t floats);
  /// Kernels launched from now on come behind the copy; the host does not wait.
  void await(DevicePage& page) const;
  /// The page's first floats to the host, with all that kernels have written; complete when this returns.
  void download(const DevicePage& page, std::span<float> to) const;
  /// Kernels launched so far may still read the page; the host's memory that it was copied from is free when this
  /// returns.
  void give_back(std::unique_ptr<DevicePage> page);
  /// The page's memory goes, once the copy and kernels have done with it.
  void drop(std::unique_ptr<DevicePage> page) noexcept;

 private:
  void make_page();
  const Device& device_;
  cudaStream_t copies_ = nullptr;
  int64_t floats_ = 0;  ///< of every page
  int made_ = 0;
  std::vector<std::unique_ptr<DevicePage>> free_;  ///< the one given back first in front
};

}  // namespace clientele::gpu
