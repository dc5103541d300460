// Rousseeuw, "Silhouettes: a graphical aid", J. Comput. Appl. Math. 20, 1987, on a sample: the judge.sample rows of the
// smallest keys, each with its weight; with all rows it is that of the table with every row repeated as often as it
// weighs. The 95 % interval is the normal approximation of the sample's (weighted) mean, a ratio estimate (Cochran,
// "Sampling Techniques", 1977, 6.4), with the finite-population correction.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <span>

#include "clientele/cluster/across_ranks.h"
#include "metric.h"

namespace clientele {

namespace {

constexpr double kNormal975 = 1.959963984540054;
constexpr int64_t kPieceRows = 65536;  ///< of which weights are copied at a time

std::vector<int64_t> sampled_rows(const MetricInput& input) {
  const RandomKey key{input.seed, Purpose::sample, 0, 0, 0};
  std::vector<int64_t> out;
  for (const auto& [bits, row] : smallest_keys(input.rows, key, input.spec.sample, input.env)) out.push_back(row);
  std::sort(out.begin(), out.end());
  return out;
}

/// body(block, rows) for this rank's blocks that hold rows of the sample, and those rows.
template <class Body>
void for_sampled_blocks(const RowBlocks& rows, std::span<const int64_t> sample, const Body& body) {
  for (const auto& block : rows.blocks) {
    const auto begin = std::lower_bound(sample.begin(), sample.end(), block->first_row());
    const auto end = std::lower_bound(begin, sample.end(), block->first_row() + block->rows());
    if (begin != end) body(*block, std::span<const int64_t>(begin, end));
  }
}

/// One rank's rows of the sample, from the published labels or from the label slots.
std::vector<int32_t> own_labels(const MetricInput& input, std::span<const int64_t> sample) {
  std::vector<int32_t> own, slots;
  for_sampled_blocks(input.rows, sample, [&](RowBlock& block, std::span<const int64_t> rows) {
    const int64_t before = block.first_row() - input.rows.first_row;
    std::span<const int32_t> labels = input.published.label;
    if (labels.empty()) {
      slots.resize(static_cast<size_t>(block.rows()));
      input.env.backend.assign_ops().use_labels(block, input.set);
      input.env.backend.assign_ops().copy_labels(block, slots);
      labels = slots;
    } else {
      labels = labels.subspan(static_cast<size_t>(before));
    }
    for (const int64_t row : rows) own.push_back(labels[static_cast<size_t>(row - block.first_row())]);
  });
  return own;
}

/// Ranks own ascending row ranges, so gathering keeps the row order.
std::vector<int32_t> labels_of(const MetricInput& input, std::span<const int64_t> sample) {
  return input.env.comm.gather_all<int32_t>(own_labels(input, sample));
}

/// In the same order.
std::vector<int64_t> weights_of(const MetricInput& input, std::span<const int64_t> sample) {
  if (!input.rows.weighted) return std::vector<int64_t>(sample.size(), 1);
  std::vector<int64_t> own, piece;
  for_sampled_blocks(input.rows, sample, [&](const RowBlock& block, std::span<const int64_t> rows) {
    // Few copies, each of few rows: of a piece from its first row of the sample to its last.
    for (size_t i = 0; i < rows.size();) {
      const int64_t first = rows[i];
      const auto end = std::lower_bound(rows.begin(), rows.end(), first + kPieceRows);
      piece.resize(static_cast<size_t>(*(end - 1) - first + 1));
      input.env.backend.sample_ops().copy_weights(block, first - block.first_row(), piece);
      for (; i < static_cast<size_t>(end - rows.begin()); ++i)
        own.push_back(piece[static_cast<size_t>(rows[i] - first)]);
    }
  });
  return input.env.comm.gather_all<int64_t>(own);
}

double canonical_sum(const std::vector<double>& values) {
  CanonicalSum sum;
  sum.add(0, values);
  return sum.total();
}

MetricValue silhouette(const MetricInput& input, const PairOps::LabelledSample& sample) {
  MetricValue out{.rows = sample.rows.rows};
  if (std::set<int32_t>(sample.labels.begin(), sample.labels.end()).size() < 2) return out;
  const std::vector<double> each = input.env.backend.pair_ops().silhouette(sample, input.clustering.k);
  const double weight = static_cast<double>(std::accumulate(sample.weights.begin(), sample.weights.end(), int64_t{0}));
  std::vector<double> terms(each.size());
  for (size_t i = 0; i < each.size(); ++i) terms[i] = static_cast<double>(sample.weights[i]) * each[i];
  out.value = canonical_sum(terms) / weight;
  // Fewer rows than asked for: there are no more (of positive weight).
  const int64_t all = input.rows.total_rows - input.rows.weightless;
  out.sampled = sample.rows.rows == input.spec.sample && sample.rows.rows < all;
  if (!out.sampled) return out;
  const double n = static_cast<double>(sample.rows.rows), total = static_cast<double>(all);
  const double mean_weight = weight / n;
  for (size_t i = 0; i < each.size(); ++i) {
    const double deviation = static_cast<double>(sample.weights[i]) / mean_weight * (each[i] - out.value);
    terms[i] = deviation * deviation;
  }
  const double error = std::sqrt(canonical_sum(terms) / (n - 1) / n * ((total - n) / (total - 1)));
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
  const std::vector<int64_t> weights = weights_of(first, sample);
  std::vector<MetricValue> out;
  for (const MetricInput& input : inputs) {
    const std::vector<int32_t> labels = labels_of(input, sample);
    out.push_back(
        silhouette(input, {.rows = view, .labels = labels, .weights = weights, .unit = input.rows.unit_weight}));
  }
  return out;
}

}  // namespace clientele
