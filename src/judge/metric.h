// What an index gets, and the indices there are: one .cpp each, one line each in metrics.cpp.
#pragma once

#include <limits>
#include <span>
#include <vector>

#include "clientele/judge/judge.h"

namespace clientele {

struct MetricInput {
  RowBlocks& rows;
  const Clustering& clustering;
  const Published& published;
  const JudgeSpec& spec;
  uint64_t seed;
  Env& env;
  int set = 0;  ///< of labels (AssignOps::use_labels): those of the clustering
};

/// low and high only where sampled.
struct MetricValue {
  double value = std::numeric_limits<double>::quiet_NaN();
  int64_t rows = 0;
  bool sampled = false;
  double low = 0, high = 0;
};

MetricValue calinski_harabasz(const MetricInput& input);
MetricValue davies_bouldin(const MetricInput& input);
MetricValue simplified_silhouette(const MetricInput& input);

// These read rows, once for several clusterings of the same rows: one value each.
std::vector<MetricValue> squared_silhouettes(std::span<const MetricInput> inputs);
std::vector<MetricValue> silhouettes(std::span<const MetricInput> inputs);

/// Exact means of the members (k x d, engine space, by weight), 0 for a segment without weight.
std::vector<double> member_means(const RowBlocks& rows, const Published& published);
/// Segments that hold rows of positive weight.
int filled_segments(const Published& published);

}  // namespace clientele
