// Ways through an assignment pass that the CUDA backend takes for some models only, here for all, on the stand-in.
#include "kernels/paths.h"
#include "tests/contract/backend_contract.h"

namespace clientele::contract {

std::vector<Maker> contract_backends() {
  const auto with = [](const gpu::Paths& paths) {
    return [paths] { return Owned{nullptr, gpu::make_backend(0, paths)}; };
  };
  return {{"separate_passes", with({.fused = false, .bounds = false})}, {"tensor_cores", with({.tensor_from = 2})}};
}

}  // namespace clientele::contract
