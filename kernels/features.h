// From source columns to resident features, and operations on the features themselves.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "clientele/compute/backend.h"
#include "rows.h"

namespace clientele::gpu {

/// ColumnOps::transform.
ColumnOps::TransformCounts transform_columns(ColumnsView<const double> values,
                                             std::span<const FeatureTransform> features, std::span<const double> knots,
                                             CudaRows& out, int64_t row_in_out);
/// ColumnOps::centre.
void centre_features(CudaRows& rows, std::span<const double> means);
/// ColumnOps::unit_rows.
int64_t scale_to_unit(CudaRows& rows);
/// ColumnOps::max_abs.
std::vector<float> largest_magnitudes(const CudaRows& rows);

}  // namespace clientele::gpu
