// Bounds that spare rows their distances, and the decision when to use them.
//
// A row's slack is a lower bound of (distance to any other centroid - distance to its own). Its expiry is the drift of
// its segment (drift.h) when the slack was found, plus the slack, rounded down: the label is proved while the drift is
// below. A tile's expiry is the same for all its rows at once, against Drift::any. Slacks come from certified screens
// or canonical distances, and allow for the rounding of D (exactness.md 4), so labels are what a full pass would give.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "clientele/compute/backend.h"
#include "cpu_rows.h"
#include "kernels.h"

namespace clientele {

/// Slack of a row from its two smallest canonical D.
inline double row_slack(double first_d2, double second_d2, int d) {
  const double nearest = std::sqrt(first_d2), next = std::sqrt(second_d2);
  if (!std::isfinite(nearest)) return 0;
  if (std::isinf(next)) return next;
  const double slack = (next - nearest) * (1 - 0x1p-50) - (next + nearest) * (d + 4) * 0x1p-51;
  return slack > 0 ? slack : 0;
}

/// The drift of one pass as the kernels read it.
class DriftTable {
 public:
  explicit DriftTable(const Drift& drift);
  BoundsView view(const CpuRows& rows, int64_t tile) const {
    return {
        rows.expiry() + tile * kTileRows, rows.tile_expiry() + tile, {up_.data(), down_.data(), any_up_, any_down_}};
  }

 private:
  std::vector<float> up_, down_;
  float any_up_, any_down_;
};

/// Full passes or bounded ones, by what they took: a matter of time only, the results are the same.
class BoundsChoice {
 public:
  /// For the pass that begins now. drift may be null.
  bool bounded(const Drift* drift, int k);
  void record(bool bounded, bool renewed, double seconds, const PassResult& pass);

 private:
  double moved_share_ = 1;
  double full_seconds_ = 0;
  int wait_ = 0;     ///< full passes to come before bounds are tried again
  int penalty_ = 0;  ///< the next wait
};

}  // namespace clientele
