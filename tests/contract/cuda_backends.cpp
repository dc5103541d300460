// The CUDA backend on device 0, by every way it may take through an assignment pass. Without a device the program says
// why and ends with 77, which CTest reports as skipped.
#include <cstdio>

#include "kernels/paths.h"
#include "tests/contract/backend_contract.h"
#include "tests/contract/paged_backend.h"

namespace clientele::contract {

std::vector<Maker> contract_backends() {
  const auto with = [](const gpu::Paths& paths) {
    return [paths] { return Owned{nullptr, gpu::make_backend(0, paths)}; };
  };
  return {{"cuda", with({})},
          {"paged",
           [] {
             return Owned{nullptr, std::make_unique<PagedBackend>(gpu::make_backend(0, {}))};
           }},
          {"separate_passes", with({.fused = false, .bounds = false})},
          {"tensor_cores", with({.tensor_from = 2})}};
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
