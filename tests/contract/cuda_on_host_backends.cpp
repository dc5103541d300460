// The CUDA backend on the stand-in for the CUDA runtime (tests/kernels): its kernels' logic, on any machine.
#include "stand_in.h"
#include "tests/contract/backend_contract.h"
#include "tests/contract/paged_backend.h"

namespace clientele::contract {

std::vector<Maker> contract_backends() {
  return {{"cuda_on_host",
           [] {
             stand_in::set_multiprocessors(3);  // so that kernels that fill the device run in several blocks
             Owned owned{nullptr, make_cuda_backend(0)};
             stand_in::set_multiprocessors(1);
             return owned;
           }},
          {"paged_cuda_on_host", [] {
             return Owned{nullptr, std::make_unique<PagedBackend>(make_cuda_backend(0))};
           }}};
}

}  // namespace clientele::contract
