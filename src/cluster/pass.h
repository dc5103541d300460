// One assignment pass over the rows of all ranks.
#pragma once

#include "clientele/cluster/cluster.h"

namespace clientele {

/// Labels every row (deltas against the label slots) and sums over ranks. drift: as AssignOps::start takes it.
PassResult assign_rows(RowBlocks& rows, const CentroidsView& centroids, const Drift* drift, Env& env);

void clear_labels(RowBlocks& rows, Env& env);

}  // namespace clientele
