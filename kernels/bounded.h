// The pass over rows whose bounds have expired.
#pragma once

#include "fused.h"

namespace clientele::gpu {

/// Grid: warps that take 32 tiles at a time; dynamic shared memory: pass_memory with one tile a warp.
void (*bounded_kernel())(PassView);

}  // namespace clientele::gpu
