// The silhouette with squared Euclidean distances on all rows, as Spark's ClusteringEvaluator computes it: the mean
// squared distance of a row to a segment is |x|^2 - 2 x.mean + mean |x|^2, so one pass does. Rows count by their
// weight: one of w stands for w clients, of whom one leaves itself out of its own segment (Spark leaves out all w). The
// means come from the exact integer sums, mean |x|^2 from a canonical reduction.
#include "clientele/cluster/across_ranks.h"
#include "metric.h"

namespace clientele {

MetricValue squared_silhouette(const MetricInput& input) {
  const int k = input.clustering.k;
  MetricValue out{.rows = input.rows.total_rows};
  if (filled_segments(input.published) < 2) return out;

  PairOps& ops = input.env.backend.pair_ops();
  std::vector<std::vector<double>> blocks;
  input.rows.each([&](RowBlock& block) { ops.segment_norm2(block, k, blocks); });
  SegmentMoments segments{.mean = member_means(input.rows, input.published),
                          .mean_norm2 = merge_blocks(blocks, k, input.env.comm),
                          .count = input.published.counts,
                          .unit = input.rows.unit_weight};
  int64_t total = 0;
  for (size_t c = 0; c < segments.count.size(); ++c) {
    if (segments.count[c] > 0) segments.mean_norm2[c] /= static_cast<double>(segments.count[c]);
    total += segments.count[c];
  }

  blocks.clear();
  input.rows.each([&](RowBlock& block) { ops.squared_silhouette(block, segments, blocks); });
  double sum = 0;
  for (const double segment : merge_blocks(blocks, k, input.env.comm)) sum += segment;
  out.value = sum / static_cast<double>(total);
  return out;
}

}  // namespace clientele
