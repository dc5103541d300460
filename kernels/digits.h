// Digit counts for exact quantiles: integer atomics, so that no order matters.
#pragma once

#include <cstdint>
#include <span>

#include "clientele/base/views.h"
#include "rows.h"

namespace clientele::gpu {

/// ColumnOps::count_digits.
void count_column_digits(const Device& device, ColumnsView<const double> values, int level, int targets,
                         std::span<const uint64_t> prefix, std::span<int64_t> counts);

/// ColumnOps::count_row_digits.
void count_feature_digits(const CudaRows& rows, int level, int targets, std::span<const uint64_t> prefix,
                          std::span<int64_t> counts);

}  // namespace clientele::gpu
