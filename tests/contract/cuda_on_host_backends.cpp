// The CUDA backend on the stand-in for the CUDA runtime (tests/kernels): its kernels' logic, on any machine.
#include "tests/contract/backend_contract.h"
#include "tests/contract/paged_backend.h"

namespace clientele::contract {

std::vector<Maker> contract_backends() {
  return {{"cuda_on_host",
           [] {
             return Owned{nullptr, make_cuda_backend(0)};
           }},
          {"paged_cuda_on_host", [] {
             return Owned{nullptr, std::make_unique<PagedBackend>(make_cuda_backend(0))};
           }}};
}

}  // namespace clientele::contract
