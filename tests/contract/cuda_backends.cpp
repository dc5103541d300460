// The CUDA backend on device 0. Without a device the program says why and ends with 77, which CTest reports as skipped.
#include <cstdio>

#include "tests/contract/backend_contract.h"

namespace clientele::contract {

std::vector<Maker> contract_backends() {
  return {{"cuda", [] { return Owned{nullptr, make_cuda_backend(0)}; }}};
}

}  // namespace clientele::contract

int main(int argc, char** argv) {
  constexpr int kSkipped = 77;
  const clientele::CudaFacts facts = clientele::cuda_facts();
  if (!facts.reason.empty()) {
    std::printf("skipped, no GPU was tested: %s\n", facts.reason.c_str());
    return kSkipped;
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
