// How far centroids have moved: what lets a pass prove that a row keeps its segment without reading it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace clientele {

/// What a backend keeps from one pass of a fit to the next.
struct FitMemory {
  virtual ~FitMemory() = default;
};

/// Movements of the centroids of one fit, summed up since its first pass; every number is an upper bound and only
/// grows. A row whose distance to any other centroid exceeded that to its own by s when segment[own] stood at b keeps
/// its segment while segment[own] < b + s. (The bound of Hamerly, "Making k-means even faster", SDM 2010, with the
/// movements summed up so that a row's bound need not be rewritten in every pass.)
struct Drift {
  explicit Drift(int k) : moved(static_cast<size_t>(k)), segment(static_cast<size_t>(k)) {}

  /// The centroids moved: k x d, row-major, engine space.
  void add(std::span<const float> from, std::span<const float> to, int d);

  std::vector<double> moved;    ///< k: how far each centroid moved in the last step
  std::vector<double> segment;  ///< k: own movement + the largest of the others'
  double any = 0;               ///< in each step at least what every segment[c] grew by
  int64_t steps = 0;

  /// The backend's own, of passes that were given this drift.
  mutable std::unique_ptr<FitMemory> memory;
};

}  // namespace clientele
