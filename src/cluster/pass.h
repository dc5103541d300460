// Assignment passes over the rows of all ranks.
#pragma once

#include "clientele/cluster/cluster.h"

namespace clientele {

/// Labels every row (deltas against the label slots) and sums over ranks. drift: as AssignOps::start takes it.
PassResult assign_rows(RowBlocks& rows, const CentroidsView& centroids, const Drift* drift, Env& env);

/// One model of a pass that serves several.
struct Labelling {
  CentroidsView centroids;
  const Drift* drift = nullptr;
  int set = 0;  ///< of label slots
};

/// A pass for each, all in one read of the rows.
std::vector<PassResult> assign_rows(RowBlocks& rows, std::span<const Labelling> models, Env& env);
/// Whether models should share each read: rows of one rank at least are streamed. All ranks must ask, and hear the
/// same: it decides in which order they talk to each other.
bool any_rank_streams(const RowBlocks& rows, Env& env);

/// After the last pass with a drift, and before anything else looks at the rows. Another pass may follow.
void end_fit(RowBlocks& rows, Env& env);

void clear_labels(RowBlocks& rows, Env& env);
/// Of every block.
void use_labels(RowBlocks& rows, int set, Env& env);

}  // namespace clientele
