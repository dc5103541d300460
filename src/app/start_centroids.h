// Given starts and warm starts, brought into the engine's space of this job.
#pragma once

#include <vector>

#include "clientele/data/model.h"
#include "clientele/prep/clean.h"
#include "job_bind.h"

namespace clientele {

/// What the sweep starts from.
struct StartPlan {
  std::vector<int> ks;
  std::vector<float> centroids;  ///< ks[0] x d, engine space; empty unless the start is given
};

/// The numbers of segments to try and the given start. A file of centroids is k x (all cluster columns), normalised
/// space: columns that cleaning dropped are left out. A model is matched by feature names and carried from its own
/// normalisation to this job's. Throws Error{usage} if cluster.k contradicts the start, Error{input} if the file does
/// not fit or a k is above the number of distinct rows.
StartPlan plan_start(const BoundJob& bound, const FeatureSpace& space, const CleanRows& rows, const RowBlocks& blocks,
                     Env& env);

}  // namespace clientele
