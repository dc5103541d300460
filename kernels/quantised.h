// Fixed point on the device.
#pragma once

#include <cstdint>

namespace clientele::gpu {

inline constexpr double kLargestQuantised = 0x1p40;

/// quantise() of fixed_point.h. Sets *out_of_range, which the host turns into an error, where that would throw.
__device__ inline int64_t quantised(float x, double scale, unsigned long long* out_of_range) {
  const double scaled = static_cast<double>(x) * scale;
  if (!(fabs(scaled) <= kLargestQuantised)) {
    atomicMax(out_of_range, 1ull);
    return 0;
  }
  return __double2ll_rn(scaled);
}

/// Throws Error{internal} if a kernel met a value outside its column's fixed-point range.
void require_in_range(unsigned long long out_of_range);

}  // namespace clientele::gpu
