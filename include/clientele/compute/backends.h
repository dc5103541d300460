// The backends there are. CMake links either kernels/ or src/compute/no_cuda.cpp behind the CUDA functions.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "clientele/compute/backend.h"

namespace clientele {

enum class SimdLevel { automatic, scalar, avx2, avx512 };

/// Throws Error{usage} if the processor lacks the level. `pool` must outlive the backend.
std::unique_ptr<Backend> make_cpu_backend(ThreadPool& pool, SimdLevel level = SimdLevel::automatic);
/// Levels that this processor can run, scalar first.
std::vector<SimdLevel> simd_levels();
std::string simd_name(SimdLevel level);

struct CudaDevice {
  int index = 0;       ///< as make_cuda_backend takes it
  std::string text;    ///< "NVIDIA H200, compute 9.0, 139 GiB"
  std::string reason;  ///< why it cannot be used, or empty
};

struct CudaFacts {
  bool built = false;               ///< this executable contains the CUDA backend
  std::string reason;               ///< why no device can be used, or empty
  std::string runtime, driver;      ///< versions
  std::vector<CudaDevice> devices;  ///< all that the driver lists, usable or not

  /// The first device that can be used, or null.
  const CudaDevice* first_usable() const {
    for (const CudaDevice& device : devices)
      if (device.reason.empty()) return &device;
    return nullptr;
  }
};
CudaFacts cuda_facts();
/// Throws Error{device} if this build has no CUDA, there is no such device or it cannot be used.
std::unique_ptr<Backend> make_cuda_backend(int device);

}  // namespace clientele
