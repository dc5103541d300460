// Bounds that spare rows their distances, and the decision when to use them.
//
// A row's slack against a group of centroids is a lower bound of (distance to any of them - distance to its own). It
// lasts while its own centroid and the fastest of the group together have moved less. Of a tile only the least is kept
// (TileBound), as the movement at which it ends. A few centroids move much farther than the rest, so they are a group
// of their own: most tiles then have to be compared with those few only. Slacks come from certified screens or
// canonical distances, and allow for the rounding of D (exactness.md 4), so labels are what a full pass would give.
// (G. Hamerly, "Making k-means even faster", SDM 2010; groups: Y. Ding et al., "Yinyang k-means", ICML 2015, there with
// bounds for each row.)
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "clientele/compute/backend.h"
#include "cpu_rows.h"
#include "kernels.h"

namespace clientele {

/// Slack of a row from canonical D to its own and to the nearest other centroid.
inline float row_slack(double own_d2, double other_d2, int d) {
  const double nearest = std::sqrt(own_d2), next = std::sqrt(other_d2);
  if (!std::isfinite(nearest)) return 0;
  if (std::isinf(next)) return HUGE_VALF;
  const double slack = (next - nearest) * (1 - 0x1p-50) - (next + nearest) * (d + 4) * 0x1p-51;
  return slack > 0 ? float_down(slack) : 0.0f;
}

/// The movement at which a slack against group g ends for a tile with these labels; 0: at once.
inline float bound_end(const TileBound& bound, float slack, int g, const DriftView& drift) {
  return slack > 0 ? (slack + bound.own(drift.own_down, drift.any_down) + drift.group_down[g]) * kLess : 0.0f;
}

/// Sets bound.labels for a tile whose first `rows` rows have these labels.
inline void set_labels(TileBound& bound, const int32_t* labels, int rows) {
  bound.labels[0] = labels[0];
  bound.labels[1] = -1;
  for (int i = 1; i < rows; ++i) {
    if (labels[i] == bound.labels[0] || labels[i] == bound.labels[1]) continue;
    if (bound.labels[1] >= 0) {
      bound.labels[0] = bound.labels[1] = -1;
      return;
    }
    bound.labels[1] = labels[i];
  }
}

/// The bound of a tile from the slacks of its first `rows` rows.
inline TileBound tile_bound(const float* slacks, const int32_t* labels, int rows, const DriftView& drift) {
  TileBound bound;
  set_labels(bound, labels, rows);
  const float least = *std::min_element(slacks, slacks + rows);
  for (int g = 0; g < kDriftGroups; ++g)
    bound.expiry[g] = bound_end(bound, least, std::min(g, drift.groups - 1), drift);
  return bound;
}

/// The slack that a tile has left against all groups; 0: none. A NaN, of a drift and an expiry beyond float32, is none.
inline float slack_left(const TileBound& bound, const DriftView& drift) {
  const float own = bound.own(drift.own_up, drift.any_up);
  float least = HUGE_VALF;
  for (int g = 0; g < drift.groups; ++g) {
    const float left = (bound.expiry[g] - (own + drift.group_up[g]) * kMore) * kLess;
    if (!(left > 0)) return 0;
    least = std::min(least, left);
  }
  return least;
}

/// The bound in terms of new groups and sums; false if it has expired.
inline bool rebase(TileBound& bound, const DriftView& before, const DriftView& now) {
  const float slack = slack_left(bound, before);
  for (int g = 0; g < now.groups; ++g) bound.expiry[g] = bound_end(bound, slack, g, now);
  return slack > 0;
}

/// What is left of a bound when the tile's rows get other labels: the same slack, ended by other centroids' movements.
inline void relabel(TileBound& bound, const int32_t* labels, int rows, const DriftView& drift) {
  const float before = bound.own(drift.own_up, drift.any_up);
  set_labels(bound, labels, rows);
  for (int g = 0; g < drift.groups; ++g)
    bound.expiry[g] = bound_end(bound, (bound.expiry[g] - (before + drift.group_up[g]) * kMore) * kLess, g, drift);
}

/// Movements of the centroids of one fit since the rows were put in order.
class DriftSums {
 public:
  /// Groups by `moved` (k): how far each centroid moved last. All sums 0.
  void start(const std::vector<double>& moved);
  void add(const std::vector<double>& moved);
  DriftView view() const;
  BoundsView view(const CpuRows& rows, int64_t tile) const { return {rows.tile_bounds() + tile, view()}; }
  /// Appends the rows, whole tiles of them, whose features a bounded pass looks at. A kernel that looks at more would
  /// read what nobody brought into memory (AssignPass::rows_to_read).
  void rows_to_read(const CpuRows& rows, std::vector<LocalRows>& wanted) const;

 private:
  void round();

  std::vector<double> own_;
  double any_ = 0;
  double group_[kDriftGroups] = {};
  std::vector<int32_t> members_;
  std::vector<uint8_t> group_of_;
  int groups_ = 1;
  int begin_[kDriftGroups + 1] = {};
  std::vector<float> own_up_, own_down_;
};

enum class PassKind {
  full,      ///< every row
  ordering,  ///< as bounded, against all centroids; puts those tiles' rows in order and the centroids in new groups
  bounded,   ///< tiles whose bounds have expired
};

/// Which pass comes next: a matter of time only, the results are the same. Costs are counted in full passes.
class BoundsChoice {
 public:
  explicit BoundsChoice(int k) : k_(k) {}
  /// For the pass that begins now; moved: how far each centroid moved before it.
  PassKind next(const std::vector<double>& moved);
  /// A full pass should look at some rows' slacks: how many are below this? 0: it should not.
  double probe_step() const { return probe_step_; }
  /// distances: to how many centroids rows were compared in a bounded pass, all in all. looked, expiring: rows looked
  /// at, and those of them whose slack is below probe_step().
  void record(PassKind kind, const PassResult& pass, int64_t distances, int64_t rows, int64_t looked, int64_t expiring);

 private:
  int k_;
  double moved_share_ = 1;
  double probe_step_ = 0;  ///< of the pass under way
  bool promising_ = false;
  bool bounds_ = false;
  bool fresh_ = false;  ///< the order is new
  double work_ = 1;     ///< distances of the last bounded pass, beside those of a full one
  double scanned_ = 1;  ///< share of the rows that it looked at
  double before_ = 1;   ///< the same, before the rows were put in order again
  double spent_ = 0;    ///< passes' worth of distances since
  double patience_ = kPatience;
  static constexpr double kPatience = 2;
};

}  // namespace clientele
