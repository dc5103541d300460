// Features of one piece of rows, straight into tiles.
#pragma once

#include "cpu_backend.h"

namespace clientele {

/// ColumnOps::transform.
ColumnOps::TransformCounts transform_rows(const ColumnKernels& kernels, ColumnsView<const double> values,
                                          std::span<const FeatureTransform> features, std::span<const double> knots,
                                          CpuRows& out, int64_t row_in_out);

}  // namespace clientele
