// The assignment pass: screen, certify, recheck, and integer sums of the rows that moved.
#pragma once

#include <memory>
#include <span>

#include "clientele/compute/backend.h"
#include "rows.h"

namespace clientele::gpu {

/// AssignOps::start. `device` must outlive the pass.
std::unique_ptr<AssignPass> start_assign_pass(const Device& device, const CentroidsView& centroids,
                                              std::span<const double> scales);

}  // namespace clientele::gpu
