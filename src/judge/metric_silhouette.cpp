// Rousseeuw, "Silhouettes: a graphical aid", J. Comput. Appl. Math. 20, 1987, on a sample: the judge.sample rows of the
// smallest keys, each with its weight; with all rows it is that of the table with every row repeated as often as it
// weighs. The 95 % interval is the normal approximation of the sample's (weighted) mean, a ratio estimate (Cochran,
// "Sampling Techniques", 1977, 6.4), with the finite-population correction.
#include <algorithm>
#include <cmath>
#include <numeric>
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

/// Labels and weights of the sampled rows. Ranks own ascending row ranges, so gathering keeps the row order.
struct SampledSlots {
  std::vector<int32_t> label;
  std::vector<int64_t> weight;
};

SampledSlots slots_of(const MetricInput& input, const std::vector<int64_t>& sample) {
  SampledSlots own;
  auto next = sample.begin();
  for (const auto& block : input.rows.blocks) {
    const int64_t first = block->first_row();
    next = std::lower_bound(next, sample.end(), first);
    for (; next != sample.end() && *next < first + block->rows(); ++next) {
      own.label.push_back(input.published.label[static_cast<size_t>(*next - input.rows.first_row)]);
      own.weight.push_back(0);
      input.env.backend.sample_ops().copy_weights(*block, *next - first, {&own.weight.back(), 1});
    }
  }
  return {.label = input.env.comm.gather_all<int32_t>(own.label),
          .weight = input.env.comm.gather_all<int64_t>(own.weight)};
}

double canonical_sum(const std::vector<double>& values) {
  CanonicalSum sum;
  sum.add(0, values);
  return sum.total();
}

}  // namespace

MetricValue silhouette(const MetricInput& input) {
  const std::vector<int64_t> sample = sampled_rows(input);
  const SampledSlots slots = slots_of(input, sample);
  const int64_t m = static_cast<int64_t>(sample.size());
  MetricValue out{.rows = m};
  if (std::set<int32_t>(slots.label.begin(), slots.label.end()).size() < 2) return out;

  const std::vector<float> values = fetch_rows(input.rows, sample, input.env);
  const HostView<const float> view{values.data(), m, input.rows.d};
  std::vector<double> each = input.env.backend.pair_ops().silhouette(
      {.rows = view, .labels = slots.label, .weights = slots.weight, .unit = input.rows.unit_weight},
      input.clustering.k);
  const double weight = static_cast<double>(std::accumulate(slots.weight.begin(), slots.weight.end(), int64_t{0}));
  std::vector<double> terms(each.size());
  for (size_t i = 0; i < each.size(); ++i) terms[i] = static_cast<double>(slots.weight[i]) * each[i];
  out.value = canonical_sum(terms) / weight;
  // Fewer rows than asked for: there are no more (of positive weight).
  const int64_t all = input.rows.total_rows - input.rows.weightless;
  out.sampled = m == input.spec.sample && m < all;
  if (!out.sampled) return out;
  const double n = static_cast<double>(m), total = static_cast<double>(all), mean_weight = weight / n;
  for (size_t i = 0; i < each.size(); ++i) {
    const double deviation = static_cast<double>(slots.weight[i]) / mean_weight * (each[i] - out.value);
    terms[i] = deviation * deviation;
  }
  const double error = std::sqrt(canonical_sum(terms) / (n - 1) / n * ((total - n) / (total - 1)));
  out.low = out.value - kNormal975 * error;
  out.high = out.value + kNormal975 * error;
  return out;
}

}  // namespace clientele
