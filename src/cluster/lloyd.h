#pragma once

#include <span>
#include <vector>

#include "clientele/cluster/cluster.h"

namespace clientele {

/// lloyd() with Q_j at hand, so that restarts share it.
Clustering lloyd(RowBlocks& rows, std::span<const Int128> squares, std::vector<float> start, const LloydSpec& spec,
                 Env& env);

}  // namespace clientele
