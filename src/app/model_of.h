// The saved model of a finished clustering.
#pragma once

#include "clientele/data/model.h"
#include "clientele/judge/profile.h"
#include "sweep.h"

namespace clientele {

/// Takes the space; centroids in original units are the segments' means of each number column.
Model model_of(FeatureSpace space, const Clustering& clustering, const Profiles& profiles, uint64_t seed);

}  // namespace clientele
