// For each tile the few centroids that could become nearest to one of its rows: a pass looks at no others.
//
// A pass over all centroids lists for each tile those that may come within reach before the centroids have used up an
// allowance of movement, each with the slack that the tile's rows have against it. Later passes compare a tile only
// with the members of its list whose slack is used up. A centroid that goes farther than it is allowed becomes a member
// of every list (extras), and rows whose own centroid does are compared with all. When rounds get dear that way, the
// lists are made anew.
// (Bounds of every row to every centroid: C. Elkan, "Using the triangle inequality to accelerate k-means", ICML 2003;
// here of 16 rows at once and of the near centroids only, so that they take less memory than the rows.)
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "clientele/compute/backend.h"
#include "cpu_rows.h"
#include "kernels.h"

namespace clientele {

/// Whether lists pay. With fewer centroids groups of them (bounds.h) say as much in less memory; with very many, a
/// tile's values against all would leave a core's second cache level.
bool lists_pay(int k, int d);
/// Room in a list for each tile: less where rows have few features.
int listed_at_most(int k, int d);
/// Bytes of the lists of so many rows; 0 where they do not pay.
int64_t candidates_bytes(int64_t rows, int k, int d);

/// Movements of the centroids of one fit since the lists were made.
class CandidateDrift {
 public:
  /// New lists: `moved` (k) is how far each centroid moved last; the allowances last for about `rounds` such steps.
  void start(const CentroidsView& centroids, const std::vector<double>& moved, double rounds);
  void add(const CentroidsView& centroids, const std::vector<double>& moved);
  CandidatesView view() const;
  int rounds() const { return rounds_; }
  /// Share of the centroids that moved farther than they were allowed.
  double extra_share() const { return static_cast<double>(extras_.size()) / static_cast<double>(over_.size()); }

 private:
  void find_groups(const std::vector<double>& moved);

  std::vector<float> reference_;  ///< where the centroids were, k x d
  int rounds_ = 0;
  double usual_ = 0;           ///< what most centroids moved in a round
  std::vector<double> moved_;  ///< rounds x k: how far they have moved since each round
  std::vector<float> moved_up_, group_moved_, allowed_;
  std::vector<uint8_t> group_of_;
  std::vector<uint8_t> over_;
  std::vector<uint16_t> extras_;
};

enum class ListPass {
  full,      ///< every row against every centroid
  ordering,  ///< the same, and puts the rows in order
  listing,   ///< the same, and makes the lists
  listed,    ///< with lists
};

/// Which pass comes next: a matter of time only, the results are the same. Costs are counted in full passes.
class CandidateChoice {
 public:
  CandidateChoice(int k, int d) : k_(k), listing_cost_(1 + 12.0 / d) {}
  bool listed() const { return listed_; }
  /// drift: up to the pass that begins now.
  ListPass next(const CandidateDrift& drift);
  /// How many rounds the lists that are made now should last.
  double horizon() const { return horizon_; }
  /// unlisted: tiles without a list of so many, in a listing pass.
  void record(ListPass kind, const PassResult& pass, int64_t distances, int64_t rows, int64_t unlisted, int64_t tiles);

 private:
  double average() const { return spent_ / rounds_; }
  void fit_horizon(double unlisted);

  int k_;
  double listing_cost_;
  double moved_share_ = 1, moved_since_order_ = 1;
  double horizon_ = 2;
  bool listed_ = false;
  double spent_ = 0, rounds_ = 0;  ///< since the lists were made, that pass included
  double fresh_work_ = 0, excess_ = 0;
  int wait_ = 0, patience_ = 4;  ///< full passes after lists that did not pay
};

/// The farthest that a row's own centroid is allowed to move, of the tile's first `rows` rows.
inline float allowed_of(const CandidatesView& lists, const int32_t* labels, int rows) {
  float most = 0;
  for (int i = 0; i < rows; ++i) most = std::max(most, lists.allowed[labels[i]]);
  return most;
}

}  // namespace clientele
