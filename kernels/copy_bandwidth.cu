#include "copy_bandwidth.h"
#include "device.h"

namespace clientele {

double copy_bandwidth_gb_per_s(int device, int repeats) {
  const gpu::Device on(device);
  const int64_t bytes = std::min<int64_t>(int64_t{1} << 30, static_cast<int64_t>(on.properties().totalGlobalMem / 8));
  gpu::Buffer<unsigned char> from(on, bytes, "source of the copy");
  const gpu::Buffer<unsigned char> to(on, bytes, "target of the copy");
  from.fill_bytes(1);
  cudaEvent_t begin = nullptr;
  cudaEvent_t end = nullptr;
  gpu::check(cudaEventCreate(&begin), "creating an event");
  gpu::check(cudaEventCreate(&end), "creating an event");
  double best = 0;
  for (int i = 0; i < repeats; ++i) {
    gpu::check(cudaEventRecord(begin, on.stream()), "timing");
    gpu::check(
        cudaMemcpyAsync(to.data(), from.data(), static_cast<size_t>(bytes), cudaMemcpyDeviceToDevice, on.stream()),
        "copying on the device");
    gpu::check(cudaEventRecord(end, on.stream()), "timing");
    on.synchronise();
    float milliseconds = 0;
    gpu::check(cudaEventElapsedTime(&milliseconds, begin, end), "timing");
    best = std::max(best, 2.0 * static_cast<double>(bytes) / (static_cast<double>(milliseconds) * 1e6));
  }
  gpu::check(cudaEventDestroy(begin), "destroying an event");
  gpu::check(cudaEventDestroy(end), "destroying an event");
  return best;
}

}  // namespace clientele
