// Sums over pairs of rows and segments, for evaluation.
#pragma once

#include <span>
#include <vector>

#include "clientele/compute/backend.h"
#include "rows.h"

namespace clientele::gpu {

/// PairOps::segment_norm2.
void append_segment_norm2(const CudaRows& rows, int k, std::vector<std::vector<double>>& blocks);
/// PairOps::squared_silhouette.
void append_squared_silhouette(const CudaRows& rows, const SegmentMoments& segments,
                               std::vector<std::vector<double>>& blocks);
/// PairOps::silhouette.
std::vector<double> sample_silhouette(const Device& device, const PairOps::LabelledSample& sample, int k);

}  // namespace clientele::gpu
