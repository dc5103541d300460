// Which rows a bounded pass will read.
#pragma once

#include <vector>

#include "expiry.h"
#include "rows.h"

namespace clientele::gpu {

/// Appends the tiles of the block, as ranges of rows, whose bounds have expired under the drift. The block has bounds.
void append_expired(const CudaRows& rows, const DriftOnDevice& drift, std::vector<LocalRows>& ranges);

}  // namespace clientele::gpu
