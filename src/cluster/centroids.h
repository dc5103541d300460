// From sums to centroids.
#pragma once

#include <span>
#include <vector>

#include "clientele/cluster/cluster.h"

namespace clientele {

/// The mean of each segment of `state`; a segment without weight keeps its centroid. Spherical: the mean's direction,
/// normalised in double, then rounded; a mean of 0 has none and keeps its centroid.
std::vector<float> mean_centroids(const RowBlocks& rows, const Clustering& state, bool spherical);

/// Squared shift of all centroids, summed in order.
double squared_shift(std::span<const float> from, std::span<const float> to);

/// Scales the centroids (k x d) whose length is off 1 by more than float32 rounding; a zero centroid stays.
void make_unit(std::span<float> centroids, int d);

}  // namespace clientele
