// The saved model of a finished clustering.
#pragma once

#include <span>

#include "clientele/data/model.h"
#include "clientele/judge/profile.h"
#include "sweep.h"

namespace clientele {

/// Takes the space; centroids in original units are the segments' means of each number column.
/// missing: CleanRows::missing.
Model model_of(FeatureSpace space, const Clustering& clustering, const Profiles& profiles,
               std::span<const MissingPolicy> missing, uint64_t seed);

}  // namespace clientele
