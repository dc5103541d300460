// Every SIMD level of this processor, with numbers of threads that share the work differently, and rows on pages.
#include "tests/contract/backend_contract.h"
#include "tests/contract/paged_backend.h"

namespace clientele::contract {

std::vector<Maker> contract_backends() {
  std::vector<Maker> makers;
  for (const SimdLevel level : simd_levels()) {
    for (const int threads : {1, 2, 3, 7}) {
      makers.push_back({simd_name(level) + "_threads_" + std::to_string(threads), [level, threads] {
                          Owned owned{std::make_unique<ThreadPool>(threads), nullptr};
                          owned.backend = make_cpu_backend(*owned.pool, level);
                          return owned;
                        }});
    }
  }
  makers.push_back({"paged_threads_2", [] {
                      Owned owned{std::make_unique<ThreadPool>(2), nullptr};
                      owned.backend = std::make_unique<PagedBackend>(make_cpu_backend(*owned.pool));
                      return owned;
                    }});
  return makers;
}

}  // namespace clientele::contract
