// Davies & Bouldin, "A cluster separation measure", IEEE PAMI 1, 1979; as scikit-learn defines it: mean over segments
// of the largest (s_a + s_b) / |c_a - c_b|, s the mean distance of the members to their centroid. The published float32
// centroids stand for the members' means (they differ by float32 rounding after strict convergence). Rows count by
// their weight; a segment without weight is passed over.
#include <algorithm>
#include <cmath>

#include "metric.h"

namespace clientele {

MetricValue davies_bouldin(const MetricInput& input) {
  const size_t k = static_cast<size_t>(input.clustering.k);
  const size_t d = static_cast<size_t>(input.rows.d);
  const std::vector<float>& centroids = input.clustering.centroids;
  MetricValue out{.rows = input.rows.total_rows};
  std::vector<size_t> filled;
  std::vector<double> spread(k);
  for (size_t c = 0; c < k; ++c) {
    if (input.published.counts[c] == 0) continue;
    filled.push_back(c);
    spread[c] = input.published.distance_sums[c] / static_cast<double>(input.published.counts[c]);
  }
  if (filled.size() < 2) return out;

  double sum = 0;
  for (const size_t a : filled) {
    double worst = 0;
    for (const size_t b : filled) {
      double d2 = 0;
      for (size_t j = 0; j < d; ++j) {
        const double t = static_cast<double>(centroids[a * d + j]) - static_cast<double>(centroids[b * d + j]);
        d2 = std::fma(t, t, d2);
      }
      // Equal centroids count as infinitely far, as in scikit-learn.
      if (d2 > 0) worst = std::max(worst, (spread[a] + spread[b]) / std::sqrt(d2));
    }
    sum += worst;
  }
  out.value = sum / static_cast<double>(filled.size());
  return out;
}

}  // namespace clientele
