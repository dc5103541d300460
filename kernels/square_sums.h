// Exact sums of squares, which inertia needs (exactness.md 6).
#pragma once

#include <span>

#include "clientele/base/fixed_point.h"
#include "rows.h"

namespace clientele::gpu {

/// AssignOps::square_sums.
void add_square_sums(const CudaRows& rows, std::span<const double> scales, std::span<Int128> sums);

}  // namespace clientele::gpu
