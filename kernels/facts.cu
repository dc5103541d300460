#include <cuda_runtime.h>

#include "clientele/compute/backends.h"

namespace clientele {

namespace {

constexpr int kOldestMajor = 8;

std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

std::string device_text(const cudaDeviceProp& properties) {
  const size_t gib = (properties.totalGlobalMem + (size_t{1} << 29)) >> 30;
  return std::string(properties.name) + ", compute " + std::to_string(properties.major) + "." +
         std::to_string(properties.minor) + ", " + std::to_string(gib) + " GiB";
}

}  // namespace

CudaFacts cuda_facts() {
  CudaFacts facts;
  facts.built = true;
  int runtime = 0;
  if (cudaRuntimeGetVersion(&runtime) == cudaSuccess) facts.runtime = version_text(runtime);
  int driver = 0;
  if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0) {
    facts.reason = "no NVIDIA driver";
    return facts;
  }
  facts.driver = version_text(driver);
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaErrorInsufficientDriver) {
    facts.reason = "the NVIDIA driver (CUDA " + facts.driver + ") is older than this program's CUDA " + facts.runtime;
  } else if (status != cudaSuccess) {
    facts.reason = cudaGetErrorString(status);
  }
  static_cast<void>(cudaGetLastError());
  if (status != cudaSuccess) return facts;
  bool usable = false;
  for (int i = 0; i < count; ++i) {
    cudaDeviceProp properties{};
    if (cudaGetDeviceProperties(&properties, i) != cudaSuccess) continue;
    facts.devices.push_back(device_text(properties));
    usable = usable || properties.major >= kOldestMajor;
  }
  if (facts.devices.empty()) {
    facts.reason = "no CUDA device";
  } else if (!usable) {
    facts.reason = "no device of compute capability 8.0 or newer";
  }
  return facts;
}

}  // namespace clientele
