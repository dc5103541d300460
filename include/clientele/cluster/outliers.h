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

/// The share of all rows that lies farthest from the own centroid: the threshold is the exact type-7 quantile of the
/// published float32 distances at 1 - share (Hyndman & Fan, The American Statistician 50, 1996), one for all segments:
/// a threshold a segment would mark as many rows of each, also where none lies apart. Rows count once, whatever their
/// weight; of equal distances at the threshold none is an outlier. share 0: nothing.
Outliers find_outliers(const Published& published, double share, Env& env);

/// Exact type-7 quantile of the values of all ranks, none of them negative or NaN; NaN without values. Collective.
double quantile_of(std::span<const float> values, double probability, Comm& comm);

}  // namespace clientele
