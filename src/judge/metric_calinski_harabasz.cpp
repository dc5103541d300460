// Calinski & Harabasz, "A dendrite method for cluster analysis", Communications in Statistics 3, 1974; as scikit-learn
// defines it: (B / (k - 1)) / (W / (n - k)). Infinite, the best there is, where W = 0 (there: 1). Rows count by their
// weight, n is the number of clients that they stand for (RowBlocks::unit_weight).
#include <cmath>

#include "metric.h"

namespace clientele {

MetricValue calinski_harabasz(const MetricInput& input) {
  const Published& published = input.published;
  const RowBlocks& rows = input.rows;
  const size_t d = static_cast<size_t>(rows.d);
  const size_t k = static_cast<size_t>(input.clustering.k);
  const int filled = filled_segments(published);
  MetricValue out{.rows = rows.total_rows};

  int64_t total = 0;
  for (const int64_t count : published.counts) total += count;
  const double n = static_cast<double>(total) / rows.unit_weight;
  if (filled < 2 || !(n > filled)) return out;

  std::vector<double> mean(d);
  for (size_t j = 0; j < d; ++j) {
    Int128 sum = 0;
    for (size_t c = 0; c < k; ++c) sum += published.sums[c * d + j].value();
    mean[j] = to_double(sum) / rows.scales[j] / static_cast<double>(total);
  }
  const std::vector<double> means = member_means(rows, published);
  // W: exact to the float32 centroids, then moved to the exact means, from which they differ by rounding only.
  double within = exact_inertia(rows, input.clustering.square_sums, input.clustering.centroids, input.clustering.k,
                                published.sums, published.counts);
  double between = 0;
  for (size_t c = 0; c < k; ++c) {
    if (published.counts[c] == 0) continue;
    double from_mean = 0, from_centroid = 0;
    for (size_t j = 0; j < d; ++j) {
      const double to_mean = means[c * d + j] - mean[j];
      const double to_centroid = means[c * d + j] - static_cast<double>(input.clustering.centroids[c * d + j]);
      from_mean = std::fma(to_mean, to_mean, from_mean);
      from_centroid = std::fma(to_centroid, to_centroid, from_centroid);
    }
    const double weight = std::ldexp(static_cast<double>(published.counts[c]), -rows.weight_bits);
    between += weight * from_mean;
    within -= weight * from_centroid;
  }
  out.value = within > 0 ? between * (n - filled) / (within * (filled - 1)) : std::numeric_limits<double>::infinity();
  return out;
}

}  // namespace clientele
