// Rousseeuw, "Silhouettes: a graphical aid", J. Comput. Appl. Math. 20, 1987, on a sample: the judge.sample rows of the
// smallest keys. The 95 % interval is the normal approximation of the sample mean with the finite-population
// correction. Every sampled row counts once.
#include <algorithm>
#include <cmath>
#include <set>

#include "clientele/cluster/across_ranks.h"
#include "metric.h"

namespace clientele {

namespace {

constexpr double kNormal975 = 1.959963984540054;

std::vector<int64_t> sampled_rows(const MetricInput& input) {
  const RandomKey key{input.seed, Purpose::sample, 0, 0, 0};
  std::vector<int64_t> out;
  for (const auto& [bits, row] : smallest_keys(input.rows, key, input.spec.sample, input.env)) out.push_back(row);
  std::sort(out.begin(), out.end());
  return out;
}

/// One rank's rows of the sample, from the published labels or from the label slots.
std::vector<int32_t> own_labels(const MetricInput& input, const std::vector<int64_t>& sample) {
  std::vector<int32_t> own, slots;
  for (const auto& block : input.rows.blocks) {
    const auto begin = std::lower_bound(sample.begin(), sample.end(), block->first_row());
    const auto end = std::lower_bound(begin, sample.end(), block->first_row() + block->rows());
    if (begin == end) continue;
    const int64_t before = block->first_row() - input.rows.first_row;
    std::span<const int32_t> labels = input.published.label;
    if (labels.empty()) {
      slots.resize(static_cast<size_t>(block->rows()));
      input.env.backend.assign_ops().use_labels(*block, input.set);
      input.env.backend.assign_ops().copy_labels(*block, slots);
      labels = slots;
    } else {
      labels = labels.subspan(static_cast<size_t>(before));
    }
    for (auto row = begin; row != end; ++row) own.push_back(labels[static_cast<size_t>(*row - block->first_row())]);
  }
  return own;
}

/// Ranks own ascending row ranges, so gathering keeps the row order.
std::vector<int32_t> labels_of(const MetricInput& input, const std::vector<int64_t>& sample) {
  return input.env.comm.gather_all<int32_t>(own_labels(input, sample));
}

double canonical_sum(const std::vector<double>& values) {
  CanonicalSum sum;
  sum.add(0, values);
  return sum.total();
}

MetricValue silhouette(const MetricInput& input, HostView<const float> sample, std::span<const int32_t> labels) {
  MetricValue out{.rows = sample.rows};
  if (std::set<int32_t>(labels.begin(), labels.end()).size() < 2) return out;
  std::vector<double> each = input.env.backend.pair_ops().silhouette(sample, labels, input.clustering.k);
  const double n = static_cast<double>(sample.rows);
  out.value = canonical_sum(each) / n;
  // Fewer rows than asked for: there are no more (of positive weight).
  out.sampled = sample.rows == input.spec.sample && sample.rows < input.rows.total_rows;
  if (!out.sampled) return out;
  for (double& value : each) value = (value - out.value) * (value - out.value);
  const double total = static_cast<double>(input.rows.total_rows);
  const double error = std::sqrt(canonical_sum(each) / (n - 1) / n * ((total - n) / (total - 1)));
  out.low = out.value - kNormal975 * error;
  out.high = out.value + kNormal975 * error;
  return out;
}

}  // namespace

std::vector<MetricValue> silhouettes(std::span<const MetricInput> inputs) {
  const MetricInput& first = inputs[0];
  const std::vector<int64_t> sample = sampled_rows(first);
  const std::vector<float> values = fetch_rows(first.rows, sample, first.env);
  const HostView<const float> view{values.data(), static_cast<int64_t>(sample.size()), first.rows.d};
  std::vector<MetricValue> out;
  for (const MetricInput& input : inputs) out.push_back(silhouette(input, view, labels_of(input, sample)));
  return out;
}

}  // namespace clientele
