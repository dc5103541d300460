#include "kernels.h"

namespace clientele {
namespace {

class ScalarRandom final : public RandomKernels {
 public:
  void bits(const RandomKey& key, int64_t first_row, int64_t count, uint64_t* out) const override {
    for (int64_t i = 0; i < count; ++i) out[i] = random_bits(key, first_row + i);
  }
};

}  // namespace

const RandomKernels& scalar_random_kernels() {
  static const ScalarRandom kernels;
  return kernels;
}

}  // namespace clientele
