#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "clientele/cluster/row_sample.h"
#include "clientele/judge/evidence.h"
#include "clientele/judge/judge.h"

namespace clientele {

/// One a clustering. Resamples run side by side on env's threads.
/// least_share: cluster.min_size as a share of all rows.
std::vector<Stability> segment_stability(const RowSample& sample, const std::vector<const Clustering*>& clusterings,
                                         const ClusterSpec& cluster, double least_share, const JudgeSpec& spec,
                                         Env& env);

/// A fit to a resample. Where a minimum size is asked for, one with a segment of less than half of it is not
/// the fit that was asked for.
struct FitRank {
  bool large_enough = true;
  double inertia = 0;
};
/// A large enough fit before any other; of two alike, the inertia must lie below this share of the held one's.
bool counts_more(const FitRank& fit, const FitRank& held, double share);

/// Of each segment of `own` the Jaccard similarity to the one of `other` that is most like it, by weight: m of the rows
/// in both over m of the rows in either. weights: m, 0 for rows that do not count. NaN for a segment without weight.
std::vector<double> segment_similarity(std::span<const int32_t> own, std::span<const int32_t> other,
                                       std::span<const int64_t> weights, int k);

/// Copies of a row in a resample: Poisson with mean 1 (at most 8), a pure function of its arguments.
int64_t copies_of(uint64_t seed, uint32_t resample, int64_t row);

}  // namespace clientele
