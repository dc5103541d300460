// The silhouette with squared Euclidean distances on all rows, as Spark's ClusteringEvaluator computes it: the mean
// squared distance of a row to a segment is |x|^2 - 2 x.mean + mean |x|^2, so one pass does. Rows count by their
// weight: one of w stands for w clients, of whom one leaves itself out of its own segment (Spark leaves out all w). The
// means come from the exact integer sums, mean |x|^2 from a canonical reduction.
#include "clientele/cluster/across_ranks.h"
#include "metric.h"

namespace clientele {

namespace {

using BlockSums = std::vector<std::vector<double>>;

/// body(block, input, sums of the input) for each block and input.
template <class Body>
std::vector<BlockSums> read_together(std::span<const MetricInput> inputs, const Body& body) {
  std::vector<BlockSums> sums(inputs.size());
  inputs[0].rows.each([&](RowBlock& block) {
    for (size_t i = 0; i < inputs.size(); ++i) {
      inputs[i].env.backend.assign_ops().use_labels(block, inputs[i].set);
      body(block, i, sums[i]);
    }
  });
  return sums;
}

SegmentMoments moments_of(const MetricInput& input, const BlockSums& norm2) {
  SegmentMoments segments{.mean = member_means(input.rows, input.published),
                          .mean_norm2 = merge_blocks(norm2, input.clustering.k, input.env.comm),
                          .count = input.published.counts,
                          .unit = input.rows.unit_weight};
  for (size_t c = 0; c < segments.count.size(); ++c)
    if (segments.count[c] > 0) segments.mean_norm2[c] /= static_cast<double>(segments.count[c]);
  return segments;
}

}  // namespace

std::vector<MetricValue> squared_silhouettes(std::span<const MetricInput> inputs) {
  std::vector<MetricValue> out;
  std::vector<MetricInput> defined;
  std::vector<size_t> places;
  for (const MetricInput& input : inputs) {
    out.push_back({.rows = input.rows.total_rows});
    if (filled_segments(input.published) < 2) continue;
    places.push_back(out.size() - 1);
    defined.push_back(input);
  }
  if (defined.empty()) return out;

  PairOps& ops = inputs[0].env.backend.pair_ops();
  const std::vector<BlockSums> norms = read_together(defined, [&](const RowBlock& block, size_t i, BlockSums& sums) {
    ops.segment_norm2(block, defined[i].clustering.k, sums);
  });
  std::vector<SegmentMoments> segments;
  for (size_t i = 0; i < defined.size(); ++i) segments.push_back(moments_of(defined[i], norms[i]));
  const std::vector<BlockSums> values = read_together(defined, [&](const RowBlock& block, size_t i, BlockSums& sums) {
    ops.squared_silhouette(block, segments[i], sums);
  });
  for (size_t i = 0; i < defined.size(); ++i) {
    double sum = 0;
    for (const double segment : merge_blocks(values[i], defined[i].clustering.k, defined[i].env.comm)) sum += segment;
    int64_t total = 0;
    for (const int64_t count : segments[i].count) total += count;
    out[places[i]].value = sum / static_cast<double>(total);
  }
  return out;
}

}  // namespace clientele
