// Rows that are far from every centroid.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "clientele/cluster/cluster.h"

namespace clientele {

struct Outliers {
  double threshold = std::numeric_limits<double>::infinity();  ///< a row is an outlier if its distance is above
  std::vector<int64_t> rows;  ///< of each segment, all ranks; empty: none were looked for
};

/// The share of all rows, by weight, that lies farthest from the own centroid: the threshold is the exact type-7
/// quantile of the published float32 distances at 1 - share (quantile_ranks.h), one for all segments: a threshold a
/// segment would mark as many rows of each, also where none lies apart. Of equal distances at the threshold none is an
/// outlier. Rows without weight do not move the threshold, but are marked where they lie beyond it. share 0: nothing.
/// rows: those that were published.
Outliers find_outliers(const RowBlocks& rows, const Published& published, double share, Env& env);

}  // namespace clientele
