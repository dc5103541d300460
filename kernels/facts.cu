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

CudaDevice device_facts(int index) {
  CudaDevice device{index, "CUDA device " + std::to_string(index), ""};
  cudaDeviceProp properties{};
  int pools = 0;
  cudaError_t status = cudaGetDeviceProperties(&properties, index);
  if (status == cudaSuccess) {
    device.text = device_text(properties);
    status = cudaDeviceGetAttribute(&pools, cudaDevAttrMemoryPoolsSupported, index);
  }
  if (status != cudaSuccess) {
    device.reason = cudaGetErrorString(status);
    static_cast<void>(cudaGetLastError());
  } else if (properties.major < kOldestMajor) {
    device.reason = "older than compute capability 8.0";
  } else if (pools == 0) {
    device.reason = "it has no stream-ordered memory";
  }
  return device;
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
  for (int i = 0; i < count; ++i) facts.devices.push_back(device_facts(i));
  if (facts.devices.empty()) {
    facts.reason = "no CUDA device";
  } else if (facts.first_usable() == nullptr) {
    facts.reason = "no usable device: " + facts.devices.front().text + ": " + facts.devices.front().reason;
  }
  return facts;
}

}  // namespace clientele
