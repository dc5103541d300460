// Canonical moments on the device: the MomentLanes of canonical.h, one CUDA block of 64 threads (one a lane) for each
// column.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "clientele/compute/backend.h"
#include "rows.h"

namespace clientele::gpu {

/// The pass over one global block. `busy` serialises the device's users.
std::unique_ptr<MomentPass> start_moment_pass(const Device& device, std::mutex& busy, int columns);

/// ColumnOps::row_moments.
void append_row_moments(const CudaRows& rows, std::vector<std::vector<Moments>>& blocks);

}  // namespace clientele::gpu
