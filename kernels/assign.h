// The assignment pass: screen, certify, recheck, and integer sums of the rows that moved.
#pragma once

#include <memory>
#include <span>

#include "clientele/compute/backend.h"
#include "paths.h"
#include "rows.h"

namespace clientele::gpu {

/// AssignOps::start. `device` and `drift` must outlive the pass.
std::unique_ptr<AssignPass> start_assign_pass(const Device& device, const Paths& paths, const CentroidsView& centroids,
                                              std::span<const double> scales, const Drift* drift);

}  // namespace clientele::gpu
