// Which ways a backend may take through an assignment pass. A matter of time only: the results are the same bytes,
// which is how the ways are tested against each other.
#pragma once

#include <memory>

#include "clientele/compute/backend.h"
#include "tuning.h"

namespace clientele::gpu {

struct Paths {
  bool fused = true;              ///< one pass over the rows where the model fits shared memory, else separate ones
  bool bounds = true;             ///< skip rows that provably keep their label
  int tensor_from = kTensorFrom;  ///< segments from which on rows are screened on tensor cores
};

/// make_cuda_backend with these ways only; for tests and benchmarks.
std::unique_ptr<Backend> make_backend(int device, const Paths& paths);

}  // namespace clientele::gpu
