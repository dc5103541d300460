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

/// Ranks own ascending row ranges, so gathering keeps the row order.
std::vector<int32_t> labels_of(const MetricInput& input, const std::vector<int64_t>& sample) {
  std::vector<int32_t> own;
  for (const int64_t row : sample) {
    const int64_t local = row - input.rows.first_row;
    if (local >= 0 && local < input.rows.rows) own.push_back(input.published.label[static_cast<size_t>(local)]);
  }
  return input.env.comm.gather_all<int32_t>(own);
}

double canonical_sum(const std::vector<double>& values) {
  CanonicalSum sum;
  sum.add(0, values);
  return sum.total();
}

}  // namespace

MetricValue silhouette(const MetricInput& input) {
  const std::vector<int64_t> sample = sampled_rows(input);
  const std::vector<int32_t> labels = labels_of(input, sample);
  const int64_t m = static_cast<int64_t>(sample.size());
  MetricValue out{.rows = m};
  if (std::set<int32_t>(labels.begin(), labels.end()).size() < 2) return out;

  const std::vector<float> values = fetch_rows(input.rows, sample, input.env);
  const HostView<const float> view{values.data(), m, input.rows.d};
  std::vector<double> each = input.env.backend.pair_ops().silhouette(view, labels, input.clustering.k);
  const double n = static_cast<double>(m);
  out.value = canonical_sum(each) / n;
  // Fewer rows than asked for: there are no more (of positive weight).
  out.sampled = m == input.spec.sample && m < input.rows.total_rows;
  if (!out.sampled) return out;
  for (double& value : each) value = (value - out.value) * (value - out.value);
  const double total = static_cast<double>(input.rows.total_rows);
  const double error = std::sqrt(canonical_sum(each) / (n - 1) / n * ((total - n) / (total - 1)));
  out.low = out.value - kNormal975 * error;
  out.high = out.value + kNormal975 * error;
  return out;
}

}  // namespace clientele
