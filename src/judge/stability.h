#pragma once

#include "clientele/cluster/row_sample.h"
#include "clientele/judge/evidence.h"
#include "clientele/judge/judge.h"

namespace clientele {

/// One a clustering. Resamples run side by side on env's threads.
/// least_share: cluster.min_size as a share of all rows.
std::vector<Stability> segment_stability(const RowSample& sample, const std::vector<const Clustering*>& clusterings,
                                         const ClusterSpec& cluster, double least_share, const JudgeSpec& spec,
                                         Env& env);

/// Copies of a row in a resample: Poisson with mean 1 (at most 8), a pure function of its arguments.
int64_t copies_of(uint64_t seed, uint32_t resample, int64_t row);

}  // namespace clientele
