// Stands in for kernels/ in a build without CUDA.
#include "clientele/base/errors.h"
#include "clientele/compute/backends.h"

namespace clientele {

CudaFacts cuda_facts() {
  return {.built = false, .reason = "this build has no CUDA", .runtime = {}, .driver = {}, .devices = {}};
}

std::unique_ptr<Backend> make_cuda_backend(int device) {
  throw Error(ErrorKind::device, {.what = "this build has no CUDA backend",
                                  .where = "cuda:" + std::to_string(device),
                                  .expected = "an executable built with a CUDA toolkit",
                                  .found = "a CPU build",
                                  .hint = "Use --device cpu: it gives the same bytes."});
}

}  // namespace clientele
