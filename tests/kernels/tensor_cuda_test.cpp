// Asks device 0 how far its tensor cores' accumulation is off. The certificate allows 4; half of that is the margin
// that exactness.md wants. Without a device: 77, which CTest reports as skipped.
#include <cstdio>

#include "clientele/base/errors.h"
#include "clientele/compute/backends.h"
#include "kernels/tensor_probe.h"

int main() {
  constexpr int kSkipped = 77;
  const clientele::CudaFacts facts = clientele::cuda_facts();
  if (!facts.reason.empty()) {
    std::printf("skipped, no GPU was tested: %s\n", facts.reason.c_str());
    return kSkipped;
  }
  try {
    double worst = 0;
    for (const int d : {1, 8, 16, 17, 32, 64, 100, 128}) {
      const double found = clientele::tensor_accumulation_error(0, d, 20'000);
      std::printf("d = %d: %.3f\n", d, found);
      worst = found > worst ? found : worst;
    }
    std::printf("tensor-core accumulation errs by %.3f (d + 16) 2^-24 at most; 2 is wanted, 4 is allowed for\n", worst);
    return worst <= 2 ? 0 : 1;
  } catch (const clientele::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
