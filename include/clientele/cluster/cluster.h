// Clustering: spec, result, and the table of algorithms.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "clientele/base/visit.h"
#include "clientele/env/env.h"
#include "clientele/prep/row_blocks.h"

namespace clientele {

/// Starts that are raced side by side: so many sets of labels are kept at once.
inline constexpr int64_t kStartsTogether = 10;
/// Rows of the sample that the minimum size of so many segments is sought on.
constexpr int64_t size_sample_rows(int64_t segments) {
  return std::clamp<int64_t>(64 * segments, 4096, 65536);
}

enum class StopRule { strict, shift, inertia, moved };

/// [cluster] of a job file.
struct ClusterSpec {
  enum class Algorithm { kmeans, spherical };
  Algorithm algorithm = Algorithm::kmeans;
  std::vector<int64_t> k = {2, 10};  ///< one number, or [from, to]: each k is fitted and judged
  std::string init = "kmeans++";     ///< kmeans++, kmeans++_full, random, FILE:/dataset (k x d, normalised space) or a
                                     ///< model file
  int64_t restarts = 10;             ///< unless the start is given: the best inertia wins, ties by lowest restart
  int64_t start_rows = 65'536;  ///< of the sample that kmeans++ and random starts are raced on (at least 200 a segment)
  int64_t seed = 0;
  StopRule stop = StopRule::inertia;
  double tolerance = 5e-6;  ///< shift: squared shift of all centroids <= tolerance * mean variance; inertia: relative
                            ///< gain of each of the last three rounds; moved: share of rows
  int64_t max_iterations = 300;
  double min_size = 0;  ///< of every segment, by weight: rows (from 1 on) or a share of all rows (below 1); 0: none
  double outliers = 0;  ///< share of the rows to mark as outliers, by weight: those farthest from their centroids

  /// min_size as a sum of m, of total_weight in all (RowBlocks; unweighted: rows); rounds up.
  int64_t min_weight(int64_t total_weight, int weight_bits) const;
  bool given_start() const { return init != "kmeans++_full" && !raced(); }
  /// Starts are found on a sample, and the best of them is run on all rows.
  bool raced() const { return init == "kmeans++" || init == "random"; }
  /// Rows of the sample that the finalists among raced starts run on.
  int64_t start_sample_rows(int64_t segments) const { return std::max(start_rows, 200 * segments); }
  /// Rows of it that all of them run on first: fewer a segment, and sample means are too far off.
  int64_t heat_sample_rows(int64_t segments) const { return std::max(start_rows / 8, 64 * segments); }
  void visit(SpecVisitor& v);
};

/// One row of the table of algorithms.
struct AlgorithmFacts {
  ClusterSpec::Algorithm algorithm;
  std::string name;  ///< as in the job file
  std::string help;  ///< one sentence
  std::string use_when, avoid_when;
  bool unit_rows;  ///< rows and centroids are unit vectors
};
/// In the order of ClusterSpec::Algorithm.
const std::vector<AlgorithmFacts>& algorithm_facts();

struct Iteration {
  double inertia = 0;  ///< to the centroids this iteration assigned to
  double shift2 = 0;   ///< squared shift of all centroids in the update
  int64_t moved = 0;
  int64_t rechecked = 0;
  int64_t repaired = 0;
};

/// One fitted model, engine space, segments in published order (the largest sum of m first, ties by index; given or
/// warm start: their order).
struct Clustering {
  int k = 0;
  int d = 0;
  std::vector<float> centroids;     ///< k x d
  std::vector<WideSum> sums;        ///< k x d, of the last pass
  std::vector<int64_t> counts;      ///< k, sum of m
  std::vector<int64_t> rows;        ///< k, rows
  std::vector<Int128> square_sums;  ///< d: Q_j, of all ranks
  double inertia = 0;    ///< of the last pass' labels to the published centroids, exact integers until the division
  double last_gain = 0;  ///< relative gain in inertia of the last round
  int iterations = 0;
  bool converged = false;
  bool reordered = false;     ///< segments stand in another order than the last pass saw them in: exact ties, which
                              ///< the lowest index wins, may fall differently in publish()
  bool settled = false;       ///< sums, counts and rows are of the labels to `centroids`, not of the pass before
  std::string stopped_by;     ///< a StopRule's name ("strict": nothing could change), "max_iterations", "cycle", or
                              ///< "min_size": the last round within the minimum size
  int restart = 0;            ///< which one won
  int64_t start_rows = 0;     ///< of the sample that the start was found on; 0: all rows, or a given start
  int64_t far_starts = 0;     ///< centroids of the start that rows far from all of them replaced
  int64_t empty_repairs = 0;  ///< centroids moved by repair, all rounds of the history
  int64_t empty_left = 0;     ///< segments that stayed empty for want of a candidate
  int64_t size_moves = 0;     ///< segments that were dissolved to keep the minimum size
  int dropped = 0;            ///< of them, for good: k segments of that size cannot be had
  std::vector<Iteration> history;
};

/// Starting centroids: k x d, engine space (centred, rounded to float32), the same on all ranks. Both throw
/// Error{input} if there are fewer than k distinct rows of positive weight.
///
/// Greedy k-means++ (Arthur & Vassilvitskii 2007; greedy as in scikit-learn): each step draws 2 + floor(ln k)
/// candidates by m * D and keeps the one that leaves the smallest potential, ties by the lowest trial. Of two k with as
/// many candidates the smaller one's centroids are the first of the larger one's.
std::vector<float> seed_kmeans_plus_plus(RowBlocks& rows, int k, uint64_t seed, uint32_t restart, Env& env);
/// Candidates of a step.
int seeding_trials(int k);
/// The k rows of the smallest keys, in row order; a row equal by value to one of a smaller key is passed over.
std::vector<float> seed_random(RowBlocks& rows, int k, uint64_t seed, uint32_t restart, Env& env);
/// Given centroids (k x d, normalised space) in engine space: the double means are subtracted, then rounded. Throws
/// Error{input} if one is not finite.
std::vector<float> engine_centroids(std::span<const double> normalised, const RowBlocks& rows);

struct LloydSpec {
  StopRule stop = StopRule::strict;
  double tolerance = 5e-6;
  int64_t max_iterations = 300;
  int patience = 3;  ///< inertia: so many rounds in a row must gain no more than the tolerance
  bool spherical = false;
};
/// The one loop (Lloyd 1957/1982), from given centroids to a Clustering whose segments are still in start order.
Clustering lloyd(RowBlocks& rows, std::vector<float> start, const LloydSpec& spec, Env& env);
/// The same with square_sums(rows) at hand, which several runs share.
Clustering lloyd(RowBlocks& rows, std::span<const Int128> squares, std::vector<float> start, const LloydSpec& spec,
                 Env& env);

/// How the fit of one k begins.
struct FitStart {
  int k = 0;
  std::vector<float> centroids = {};  ///< k x d; empty: none was raced, and each restart is a full run
  int restart = 0;                    ///< that won the race
  int64_t rows = 0;                   ///< of the sample it was raced on
  bool given = false;
};

/// What the fits of several k share.
struct Starts {
  std::vector<Int128> squares;  ///< Q_j of all rows
  std::vector<FitStart> each;   ///< one a k, in their order
};
/// Races the starts of every k on one sample. given: centroids (k x d) for the only k, or empty. Throws Error{input} if
/// a k exceeds the number of distinct rows.
Starts find_starts(RowBlocks& rows, std::span<const int> ks, const ClusterSpec& spec, const std::vector<float>& given,
                   Env& env);
/// The fits of starts [first, first + count), side by side: each read of the rows serves all of them. Each has the
/// bytes that fit() gives it. With more than one, fit first + i works on label set i (AssignOps::use_labels), and the
/// sets stay until drop_label_sets.
std::vector<Clustering> fit_together(RowBlocks& rows, const Starts& starts, size_t first, size_t count,
                                     const ClusterSpec& spec, Env& env);

/// All restarts for one k, the best ordered for publication, with spec.min_size kept where that is possible. Where it
/// is not, a k of its own (not one of a range) is given up for fewer segments; a range keeps its k, and the sizes tell.
/// start: given or warm centroids (k x d), or empty.
/// Throws Error{input} if k exceeds the number of distinct rows.
Clustering fit(RowBlocks& rows, int k, const ClusterSpec& spec, const std::vector<float>& start, Env& env);

/// Q_j = sum over all rows and ranks of m * q_j^2 (d values): one pass.
std::vector<Int128> square_sums(RowBlocks& rows, Env& env);
/// inertia = sum_j (Q_j - sum_c (2 C S - N C^2)) / scale_j^2 / 2^p, in wide integers until the division. A centroid
/// that lies beyond twice the column's range (|C| > 2^41, possible for given starts and for spherical centroids) enters
/// in double: nothing can cancel there.
double exact_inertia(const RowBlocks& rows, std::span<const Int128> square_sums, std::span<const float> centroids,
                     int k, std::span<const WideSum> sums, std::span<const int64_t> counts);

/// What the last pass against the published centroids gives, on this rank's rows.
struct Published {
  std::vector<int32_t> label, second;
  std::vector<float> distance, margin;
  double inertia = 0;                 ///< of the published labels to the published centroids; 0 without sums
  double mean_margin = 0;             ///< by weight, all ranks: the simplified silhouette
  std::vector<double> distance_sums;  ///< k: sum of m * distance to the own centroid, all ranks
  std::vector<WideSum> sums;    ///< k x d, of the published labels, all ranks; empty for a saved model's centroids
                                ///< (Clustering::sums empty)
  std::vector<int64_t> counts;  ///< k: sum of m, all ranks; empty with sums
  std::vector<int64_t> rows;    ///< k: rows, all ranks
};
/// Writes the label slots too. Rows scored by a saved model have no weights.
Published publish(RowBlocks& rows, const Clustering& clustering, Env& env);
/// The same of several clusterings in one read of the rows, but without the values of each row (label, second,
/// distance, margin). The labels of clustering i are left in label set i.
std::vector<Published> publish_together(RowBlocks& rows, std::span<const Clustering> clusterings, Env& env);
/// Gives back the memory of all label sets but one, which becomes number 0.
void drop_label_sets(RowBlocks& rows, Env& env);

}  // namespace clientele
