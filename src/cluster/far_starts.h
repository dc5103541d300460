// Segments so small and far that no sample row is among them: after the first full pass some rows far from their
// centroid are tried as centroids. (Drawn by D^2 as in k-means++; swaps as in Lattanzi & Sohler, "A better k-means++
// algorithm via local search", ICML 2019.)
#pragma once

#include <vector>

#include "clientele/cluster/cluster.h"

namespace clientele {

/// The first pass of a run.
struct FirstPass {
  std::vector<float> centroids;  ///< k x d: that it labelled to
  PassResult pass;               ///< full sums; the label slots hold its labels
  int64_t swaps = 0;             ///< centroids that a far row took
};

/// Runs the first pass from `start`, then lets far rows take the place of centroids while that is certain to lower the
/// potential of all rows: by the candidate's canonical potential, plus an upper bound of what a lost centroid costs.
FirstPass first_pass(RowBlocks& rows, std::vector<float> start, uint64_t seed, uint32_t restart, Env& env);

}  // namespace clientele
