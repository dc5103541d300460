// Empty segments (exactness.md 6).
#pragma once

#include <vector>

#include "clientele/cluster/cluster.h"

namespace clientele {

struct Repair {
  int64_t changed = 0;  ///< centroids that moved
  int64_t left = 0;     ///< segments that stayed empty for want of a candidate
};

/// The `count` rows farthest from their centroid over all ranks, from what AssignOps::far_rows left on each.
std::vector<FarRow> farthest_rows(std::vector<FarRow> own, int count, int d, Comm& comm);

/// Gives each segment of `state` without weight, ascending, the row that is farthest from the updated centroid of its
/// segment (next candidates: next segments). One canonical pass, only when a segment is empty. Changes `centroids` (the
/// updated ones) only.
Repair repair_empty(RowBlocks& rows, const Clustering& state, std::vector<float>& centroids, Env& env);

}  // namespace clientele
