// Segments so small and far that no sample row is among them: after the first full pass some rows far from their
// centroid are tried as centroids. (Drawn by D^2 as in k-means++; swaps as in Lattanzi & Sohler, "A better k-means++
// algorithm via local search", ICML 2019.)
#pragma once

#include <span>
#include <vector>

#include "clientele/cluster/cluster.h"

namespace clientele {

/// The first pass of a run.
struct FirstPass {
  std::vector<float> centroids;  ///< k x d: that it labels to
  uint32_t restart = 0;          ///< of the keys that rows are drawn by
  int set = 0;                   ///< of label slots that holds its labels
  PassResult pass = {};          ///< full sums
  int64_t swaps = 0;             ///< centroids that a far row took
};

/// Runs the first pass of each from its centroids, all in the same reads of the rows, then lets far rows take the place
/// of centroids while that is certain to lower the potential of all rows: by the candidate's canonical potential, plus
/// an upper bound of what a lost centroid costs.
void run_first_passes(std::span<FirstPass> firsts, RowBlocks& rows, uint64_t seed, Env& env);

}  // namespace clientele
