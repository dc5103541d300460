// The last pass: canonical labels, distances, runner-up and margins against published centroids.
#pragma once

#include "clientele/compute/backend.h"
#include "rows.h"

namespace clientele::gpu {

/// AssignOps::publish.
void publish_rows(CudaRows& rows, const CentroidsView& centroids, const PublishedRows& out, PublishSums& sums);

}  // namespace clientele::gpu
