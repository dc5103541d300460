// Hruschka, de Castro & Campello, "Evolutionary algorithms for clustering gene-expression data", ICDM 2004: the
// silhouette with distances to centroids in place of mean distances to rows: the mean margin (d2 - d1) / d2. Rows
// count by their weight.
#include "metric.h"

namespace clientele {

MetricValue simplified_silhouette(const MetricInput& input) {
  MetricValue out{.rows = input.rows.total_rows};
  if (filled_segments(input.published) >= 2) out.value = input.published.mean_margin;
  return out;
}

}  // namespace clientele
