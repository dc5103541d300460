#include "kernels.h"

#include <hwy/targets.h>

#include "clientele/base/errors.h"

namespace clientele {
namespace {

bool processor_has(SimdLevel level) {
  switch (level) {
    case SimdLevel::scalar:
      return true;
    case SimdLevel::avx2:
      return (hwy::SupportedTargets() & HWY_AVX2) != 0 && simd_assign_kernels(level) != nullptr;
    case SimdLevel::avx512:
      return (hwy::SupportedTargets() & HWY_AVX3) != 0 && simd_assign_kernels(level) != nullptr;
    case SimdLevel::automatic:
      return true;
  }
  return false;
}

}  // namespace

std::vector<SimdLevel> simd_levels() {
  std::vector<SimdLevel> levels;
  for (const SimdLevel level : {SimdLevel::scalar, SimdLevel::avx2, SimdLevel::avx512})
    if (processor_has(level)) levels.push_back(level);
  return levels;
}

std::string simd_name(SimdLevel level) {
  switch (level) {
    case SimdLevel::scalar:
      return "scalar";
    case SimdLevel::avx2:
      return "avx2";
    case SimdLevel::avx512:
      return "avx512";
    case SimdLevel::automatic:
      break;
  }
  return "automatic";
}

SimdLevel resolve(SimdLevel level) {
  if (level == SimdLevel::automatic) {
    const SimdLevel best = simd_levels().back();
    return best == SimdLevel::scalar && simd_assign_kernels(SimdLevel::automatic) != nullptr ? level : best;
  }
  if (!processor_has(level))
    throw Error(ErrorKind::usage, {.what = "this processor lacks the instruction set asked for",
                                   .where = "simd",
                                   .expected = "one of scalar to " + simd_name(simd_levels().back()),
                                   .found = simd_name(level),
                                   .hint = "Leave it automatic."});
  return level;
}

Kernels kernels(SimdLevel level) {
  if (level == SimdLevel::scalar)
    return {scalar_assign_kernels(), scalar_distance_kernels(), scalar_column_kernels(), scalar_random_kernels()};
  return {*simd_assign_kernels(level), *simd_distance_kernels(level), *simd_column_kernels(level),
          *simd_random_kernels(level)};
}

}  // namespace clientele
