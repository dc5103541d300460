#include "version.h"

#include "clientele/compute/backends.h"
#include "clientele/data/inspect.h"

namespace clientele {

Json program_facts() {
  const Json hdf5 = hdf5_facts();
  const CudaFacts cuda = cuda_facts();
  return {{"name", "clientele"},
          {"version", kProgramVersion},
          {"compiler", "g++ " __VERSION__},
          {"hdf5", hdf5.value("version", "")},
          {"cuda", cuda.built ? Json(cuda.runtime) : Json(nullptr)}};
}

}  // namespace clientele
