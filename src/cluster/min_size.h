// The minimum size of segments.
#pragma once

#include <span>

#include "clientele/cluster/cluster.h"

namespace clientele {

/// Gives every segment of a fitted clustering at least `min_weight` (a sum of m: rows, where they have no weights), if
/// it can. Segments below the bound are dissolved (their rows fall to the next centroids), and each centroid goes to a
/// segment whose cut in two lowers the inertia most, as estimated on a sample, both parts keeping the bound; Lloyd's
/// iteration goes on from there. That and the smallest one dissolved alone, for each of the best cuts, race on the
/// sample: the cheapest that keeps the bound there goes first on all rows, then the others that came nearer to it.
/// Where none does, which with a bound of a few sampled rows may be chance, the best of them still gets its run: all
/// rows decide. (Dissolving and splitting as in ISODATA, Ball & Hall 1965; the bound of Bradley, Bennett & Demiriz,
/// "Constrained k-means clustering", 2000, but met by moving centroids, never labels: each row's segment stays that of
/// its nearest centroid, so that a saved model gives the published labels.) Where the iteration leads out of the bound
/// again, its last round within it stands (stopped_by "min_size", converged false, the history up to it). If k segments
/// of the size cannot be had: with may_drop the smallest is dissolved for good, else `fitted` comes back. Sets
/// Clustering::size_moves and dropped; the order of segments is the caller's to restore. min_weight 0, or above the
/// weight of all rows: `fitted`.
Clustering hold_min_size(RowBlocks& rows, Clustering fitted, int64_t min_weight, bool may_drop,
                         std::span<const Int128> squares, const LloydSpec& spec, uint64_t seed, Env& env);

/// The least sum of m that a segment has.
int64_t smallest_segment(const Clustering& clustering);

}  // namespace clientele
