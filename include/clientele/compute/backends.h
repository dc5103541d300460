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

struct CudaFacts {
  bool built = false;                ///< this executable contains the CUDA backend
  std::string reason;                ///< why no device can be used, or empty
  std::string runtime, driver;       ///< versions
  std::vector<std::string> devices;  ///< "NVIDIA H200, compute 9.0, 139 GiB"
};
CudaFacts cuda_facts();
/// Throws Error{device} if this build has no CUDA, there is no such device or it cannot be used.
std::unique_ptr<Backend> make_cuda_backend(int device);

}  // namespace clientele
