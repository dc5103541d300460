#pragma once

#include <span>
#include <vector>

#include "clientele/cluster/cluster.h"

namespace clientele {

/// lloyd() with Q_j at hand, so that restarts share it. first: null, or the pass from `start` that has just run (from
/// cleared labels, with a Drift of no steps).
Clustering lloyd(RowBlocks& rows, std::span<const Int128> squares, std::vector<float> start, const LloydSpec& spec,
                 Env& env, const PassResult* first = nullptr);

/// Start number `restart` of spec.init.
std::vector<float> drawn_start(RowBlocks& rows, int k, const ClusterSpec& spec, uint32_t restart, Env& env);

}  // namespace clientele
