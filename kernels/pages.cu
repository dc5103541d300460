#include "pages.h"

namespace clientele::gpu {

Event::Event() {
  check(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming), "creating an event");
}

Event::~Event() {
  // A destructor must not throw; a failure here was reported by an earlier call.
  static_cast<void>(cudaEventDestroy(event_));
}

DevicePages::DevicePages(const Device& device) : device_(device) {
  device.use();
  check(cudaStreamCreateWithFlags(&copies_, cudaStreamNonBlocking), "creating a stream of copies");
}

DevicePages::~DevicePages() {
  free_.clear();  // give_back has waited for their copies
  static_cast<void>(cudaStreamSynchronize(copies_));
  static_cast<void>(cudaStreamDestroy(copies_));
}

void DevicePages::make_page() {
  auto page = std::make_unique<DevicePage>(device_, floats_);
  // The memory is there in the order of the device's own stream, as if kernels had used it before.
  check(cudaEventRecord(page->used.get(), device_.stream()), "recording an event");
  free_.push_back(std::move(page));
  ++made_;
}

void DevicePages::expect(int64_t floats) {
  if (floats > floats_) {
    made_ -= static_cast<int>(free_.size());
    free_.clear();
    floats_ = floats;
  }
  while (made_ < kDevicePages) make_page();
}

std::unique_ptr<DevicePage> DevicePages::upload(const float* from, int64_t floats) {
  expect(floats);
  if (free_.empty()) make_page();
  std::unique_ptr<DevicePage> page = std::move(free_.front());
  free_.erase(free_.begin());
  check(cudaStreamWaitEvent(copies_, page->used.get(), 0), "ordering a copy behind kernels");
  check(cudaMemcpyAsync(page->values.data(), from, static_cast<size_t>(floats) * sizeof(float), cudaMemcpyHostToDevice,
                        copies_),
        "copying a page to the device");
  check(cudaEventRecord(page->uploaded.get(), copies_), "recording an event");
  page->awaited = false;
  return page;
}

void DevicePages::await(DevicePage& page) const {
  if (page.awaited) return;
  check(cudaStreamWaitEvent(device_.stream(), page.uploaded.get(), 0), "ordering kernels behind a copy");
  page.awaited = true;
}

void DevicePages::download(const DevicePage& page, std::span<float> to) const {
  page.values.download(to);
}

void DevicePages::give_back(std::unique_ptr<DevicePage> page) {
  check(cudaEventRecord(page->used.get(), device_.stream()), "recording an event");
  check(cudaEventSynchronize(page->uploaded.get()), "waiting for a copy to the device");
  if (page->values.size() < floats_)
    --made_;
  else
    free_.push_back(std::move(page));
}

void DevicePages::drop(std::unique_ptr<DevicePage> page) noexcept {
  // Memory is released in the order of the device's own stream.
  static_cast<void>(cudaStreamWaitEvent(device_.stream(), page->uploaded.get(), 0));
  --made_;
}

}  // namespace clientele::gpu
