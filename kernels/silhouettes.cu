#include <algorithm>

#include "clientele/base/errors.h"
#include "clientele/compute/formulas.h"
#include "lane_sums.h"
#include "launch.h"
#include "silhouettes.h"

namespace clientele::gpu {

namespace {

/// Per-segment statistics. Device memory.
struct SegmentsView {
  const double* mean;        ///< k x d
  const double* mean_norm2;  ///< k
  const int64_t* count;      ///< k
  int k;
  double unit;  ///< SegmentMoments::unit
};

__device__ double row_norm2(const float* x, int d) {
  double norm2 = 0;
  for (int j = 0; j < d; ++j) norm2 = norm_step(norm2, x[j * kTileRows]);
  return norm2;
}

/// values[i] = m |x|^2 of local row begin + i.
__global__ void __launch_bounds__(kRowThreads)
    measure_norms(RowsView rows, int64_t begin, int64_t count, double* values) {
  for (int64_t i = first_item(); i < count; i += item_stride())
    values[i] = static_cast<double>(rows.m(begin + i)) * row_norm2(rows.row(begin + i), rows.d);
}

/// values[i] = m s of local row begin + i, s its squared-Euclidean silhouette.
__global__ void __launch_bounds__(kRowThreads)
    measure_silhouettes(RowsView rows, int64_t begin, int64_t count, SegmentsView segments, double* values) {
  for (int64_t i = first_item(); i < count; i += item_stride()) {
    const float* x = rows.row(begin + i);
    const int own = rows.label[begin + i];
    if (own < 0) {
      values[i] = 0;  // its label keeps it out of the sums
      continue;
    }
    const int64_t m = rows.m(begin + i);
    const double norm2 = row_norm2(x, rows.d);
    double a = 0;
    double b = HUGE_VAL;
    for (int c = 0; c < segments.k; ++c) {
      if (segments.count[c] == 0) continue;
      double dot = 0;
      for (int j = 0; j < rows.d; ++j)
        dot = fma(static_cast<double>(x[j * kTileRows]), segments.mean[int64_t{c} * rows.d + j], dot);
      const double to = mean_squared_distance(norm2, dot, segments.mean_norm2[c]);
      if (c == own) {
        a = to;
      } else if (to < b) {
        b = to;
      }
    }
    const int64_t n = segments.count[own];
    const double self = one_client(m, segments.unit);
    const bool others = static_cast<double>(n) > self;
    values[i] = others ? static_cast<double>(m) * silhouette_value(without_self(a, n, self), b) : 0.0;
  }
}

/// sums[c * n + i] = sum of m * sqrt(D(i, other)) over the rows of segment c in row order. members: rows ordered by
/// (label, row), with their m as doubles; starts: k + 1. y: segments.
__global__ void __launch_bounds__(kRowThreads, 2)  // up to 128 registers: with fewer the compiler spills
    sum_distances(const float* sample, int64_t n, int d, const int32_t* members, const double* weights,
                  const int64_t* starts, int k, double* sums) {
  for (int64_t c = blockIdx.y; c < k; c += gridDim.y) {
    for (int64_t i = first_item(); i < n; i += item_stride()) {
      double sum = 0;
      for (int64_t at = starts[c]; at < starts[c + 1]; ++at)
        sum = sum + weights[at] * sqrt(canonical_d2(sample + i, n, sample + members[at], n, d));
      sums[c * n + i] = sum;
    }
  }
}

/// Calls measure(begin, count, values) for each batch of whole global blocks and appends the canonical sums per
/// segment.
template <class Measure>
void append_segment_sums(const CudaRows& rows, int k, std::vector<std::vector<double>>& blocks,
                         const Measure& measure) {
  require_block_start(rows);
  const Device& device = rows.device();
  const int64_t step = std::min(rows.rows(), device.batch_rows());
  const Buffer<double> values(device, step, "values of rows to sum");
  for (int64_t begin = 0; begin < rows.rows(); begin += step) {
    const int64_t count = std::min(step, rows.rows() - begin);
    measure(begin, count, values.data());
    for (auto& block : segment_block_sums(device, values.data(), rows.view().label + begin, count, k))
      blocks.push_back(std::move(block));
  }
}

}  // namespace

void append_segment_norm2(const CudaRows& rows, int k, std::vector<std::vector<double>>& blocks) {
  const Device& device = rows.device();
  append_segment_sums(rows, k, blocks, [&](int64_t begin, int64_t count, double* values) {
    launch(device, "measuring norms", {device.grid(count, kRowThreads), 1, kRowThreads}, measure_norms, rows.view(),
           begin, count, values);
  });
}

void append_squared_silhouette(const CudaRows& rows, const SegmentMoments& segments,
                               std::vector<std::vector<double>>& blocks) {
  const Device& device = rows.device();
  const int k = static_cast<int>(segments.count.size());
  const auto mean = uploaded<double>(device, segments.mean, "means of segments");
  const auto norm2 = uploaded<double>(device, segments.mean_norm2, "mean norms of segments");
  const auto count_of = uploaded<int64_t>(device, segments.count, "counts of segments");
  const SegmentsView view{mean.data(), norm2.data(), count_of.data(), k, segments.unit};
  append_segment_sums(rows, k, blocks, [&](int64_t begin, int64_t count, double* values) {
    launch(device, "measuring silhouettes", {device.grid(count, kRowThreads), 1, kRowThreads}, measure_silhouettes,
           rows.view(), begin, count, view, values);
  });
}

std::vector<double> sample_silhouette(const Device& device, const PairOps::LabelledSample& sample, int k) {
  const int64_t n = sample.rows.rows;
  if (n == 0) return {};
  const int d = static_cast<int>(sample.rows.columns);
  const std::span<const int32_t> labels = sample.labels;
  const auto weight = [&](size_t i) { return sample.weights.empty() ? int64_t{1} : sample.weights[i]; };
  std::vector<float> columns(
      static_cast<size_t>(sample.rows.size()));  // feature by feature, so that neighbouring threads read neighbours
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < d; ++j) columns[static_cast<size_t>(j * n + i)] = sample.rows(i, j);
  std::vector<int64_t> starts(static_cast<size_t>(k) + 1), sizes(static_cast<size_t>(k));
  for (size_t i = 0; i < labels.size(); ++i) {
    ++starts[static_cast<size_t>(labels[i]) + 1];
    sizes[static_cast<size_t>(labels[i])] += weight(i);
  }
  for (size_t c = 1; c < starts.size(); ++c) starts[c] += starts[c - 1];
  std::vector<int32_t> members(static_cast<size_t>(n));
  std::vector<double> member_weights(members.size());
  std::vector<int64_t> next(starts.begin(), starts.end() - 1);
  for (size_t i = 0; i < members.size(); ++i) {
    const size_t place = static_cast<size_t>(next[static_cast<size_t>(labels[i])]++);
    members[place] = static_cast<int32_t>(i);
    member_weights[place] = static_cast<double>(weight(i));
  }

  const auto points = uploaded<float>(device, columns, "sample of rows");
  const auto ordered = uploaded<int32_t>(device, members, "sample in segment order");
  const auto weights = uploaded<double>(device, member_weights, "weights of the sample");
  const auto bounds = uploaded<int64_t>(device, starts, "segment bounds of the sample");
  const Buffer<double> sums(device, n * k, "distances of the sample to segments");
  launch(device, "measuring pairs", {device.grid(n, kRowThreads), grid_y(k), kRowThreads}, sum_distances, points.data(),
         n, d, ordered.data(), weights.data(), bounds.data(), k, sums.data());
  const std::vector<double> to_segments = sums.to_host();
  std::vector<double> values(static_cast<size_t>(n));
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t own = static_cast<size_t>(labels[i]);
    const double all = static_cast<double>(sizes[own]), self = one_client(weight(i), sample.unit);
    double b = HUGE_VAL;
    for (size_t c = 0; c < sizes.size(); ++c)
      if (c != own && sizes[c] > 0) b = std::min(b, to_segments[c * values.size() + i] / static_cast<double>(sizes[c]));
    values[i] = all > self ? silhouette_value(to_segments[own * values.size() + i] / (all - self), b) : 0.0;
  }
  return values;
}

}  // namespace clientele::gpu
