#include <cstring>

#include "clientele/base/errors.h"
#include "clientele/compute/formulas.h"
#include "features.h"
#include "launch.h"

namespace clientele::gpu {

namespace {

using Count = unsigned long long;
constexpr Count kNone = ~Count{0};

struct TransformTally {
  Count non_finite;
  Count first_bad;  ///< row in the piece * features + feature, the lowest; kNone when there is none
  Count flushed;
};

/// values: source columns x m, column-major. y: features.
__global__ void transform_rows(RowsView out, int64_t row_in_out, const double* values, int64_t m,
                               const FeatureTransform* features, const double* knots, TransformTally* tally) {
  for (int64_t j = blockIdx.y; j < out.d; j += gridDim.y) {
    const FeatureTransform feature = features[j];
    const double* column = values + feature.source * m;
    for (int64_t i = first_item(); i < m; i += item_stride()) {
      const double v = transform_value(feature, knots, column[i]);
      const float x = to_feature(v);
      out.values[tiled_index(row_in_out + i, out.d) + j * kTileRows] = x;
      if (!isfinite(x)) {
        atomicAdd(&tally->non_finite, Count{1});
        atomicMin(&tally->first_bad, static_cast<Count>(i * out.d + j));
      } else if (is_flushed(v)) {
        atomicAdd(&tally->flushed, Count{1});
      }
    }
  }
}

/// y: features.
__global__ void centre_rows(RowsView rows, const double* means) {
  for (int64_t j = blockIdx.y; j < rows.d; j += gridDim.y) {
    const double mean = means[j];
    for (int64_t r = first_item(); r < rows.rows; r += item_stride()) {
      float* x = rows.values + tiled_index(r, rows.d) + j * kTileRows;
      *x = centred_value(*x, mean);
    }
  }
}

__global__ void unit_length_rows(RowsView rows, Count* zero_rows) {
  for (int64_t r = first_item(); r < rows.rows; r += item_stride()) {
    float* x = rows.values + tiled_index(r, rows.d);
    double norm2 = 0;
    for (int j = 0; j < rows.d; ++j) norm2 = norm_step(norm2, x[j * kTileRows]);
    if (norm2 > 0) {
      const double norm = sqrt(norm2);
      for (int j = 0; j < rows.d; ++j) x[j * kTileRows] = unit_value(x[j * kTileRows], norm);
    } else {
      atomicAdd(zero_rows, Count{1});
    }
  }
}

/// y: features. Magnitudes are compared as bits, which order like the floats they are.
__global__ void largest_magnitude(RowsView rows, unsigned* largest) {
  for (int64_t j = blockIdx.y; j < rows.d; j += gridDim.y) {
    unsigned most = 0;
    for (int64_t r = first_item(); r < rows.rows; r += item_stride()) {
      const unsigned bits = __float_as_uint(fabsf(rows.row(r)[j * kTileRows]));
      if (bits > most) most = bits;
    }
    atomicMax(largest + j, most);
  }
}

}  // namespace

ColumnOps::TransformCounts transform_columns(ColumnsView<const double> values,
                                             std::span<const FeatureTransform> features, std::span<const double> knots,
                                             CudaRows& out, int64_t row_in_out) {
  if (static_cast<int>(features.size()) != out.d() || row_in_out < 0 || row_in_out + values.rows > out.rows())
    throw Error(ErrorKind::internal,
                {.what = "a transformed piece does not fit its block of rows",
                 .expected = std::to_string(out.rows()) + " x " + std::to_string(out.d()),
                 .found = std::to_string(row_in_out + values.rows) + " x " + std::to_string(features.size())});
  if (values.rows == 0 || out.d() == 0) return {};
  const Device& device = out.device();
  Buffer<double> piece(device, values.rows * values.columns, "piece of source columns");
  piece.upload_columns(values);
  const auto transforms = uploaded<FeatureTransform>(device, features, "feature transforms");
  const auto all_knots = uploaded<double>(device, knots, "quantile knots");
  const TransformTally none{0, kNone, 0};
  const auto tally = uploaded<TransformTally>(device, std::span(&none, 1), "transform counts");
  launch(device, "transforming rows", {device.grid(values.rows, kRowThreads), grid_y(out.d())}, transform_rows,
         out.writable_view(), row_in_out, piece.data(), values.rows, transforms.data(), all_knots.data(), tally.data());
  const TransformTally found = tally.to_host().front();
  ColumnOps::TransformCounts counts;
  counts.non_finite = static_cast<int64_t>(found.non_finite);
  counts.flushed = static_cast<int64_t>(found.flushed);
  if (found.first_bad != kNone) {
    counts.first_bad_row = out.first_row() + row_in_out + static_cast<int64_t>(found.first_bad) / out.d();
    counts.first_bad_feature = static_cast<int>(found.first_bad % static_cast<Count>(out.d()));
  }
  return counts;
}

void centre_features(CudaRows& rows, std::span<const double> means) {
  if (rows.rows() == 0 || rows.d() == 0) return;
  const Device& device = rows.device();
  const auto on_device = uploaded<double>(device, means, "column means");
  launch(device, "centring rows", {device.grid(rows.rows(), kRowThreads), grid_y(rows.d())}, centre_rows,
         rows.writable_view(), on_device.data());
}

int64_t scale_to_unit(CudaRows& rows) {
  const Device& device = rows.device();
  Buffer<Count> zero_rows(device, 1, "count of zero rows");
  zero_rows.fill_bytes(0);
  launch(device, "scaling rows to unit length", {device.grid(rows.rows(), kRowThreads)}, unit_length_rows,
         rows.writable_view(), zero_rows.data());
  return static_cast<int64_t>(zero_rows.to_host().front());
}

std::vector<float> largest_magnitudes(const CudaRows& rows) {
  const Device& device = rows.device();
  Buffer<unsigned> largest(device, rows.d(), "largest magnitudes");
  largest.fill_bytes(0);
  if (rows.rows() > 0 && rows.d() > 0)
    launch(device, "finding largest magnitudes", {device.grid(rows.rows(), kRowThreads), grid_y(rows.d())},
           largest_magnitude, rows.view(), largest.data());
  const std::vector<unsigned> bits = largest.to_host();
  std::vector<float> values(bits.size());
  if (!bits.empty()) std::memcpy(values.data(), bits.data(), bits.size() * sizeof(float));
  return values;
}

}  // namespace clientele::gpu
