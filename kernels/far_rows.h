// Candidates for repairing empty segments.
#pragma once

#include <vector>

#include "clientele/compute/backend.h"
#include "rows.h"

namespace clientele::gpu {

/// AssignOps::far_rows.
void find_far_rows(const CudaRows& rows, const CentroidsView& centroids, int count, std::vector<FarRow>& best);
/// SampleOps::far_from_seeds.
void find_far_from_seeds(const CudaRows& rows, int count, std::vector<FarRow>& best);

}  // namespace clientele::gpu
