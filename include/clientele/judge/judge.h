// Judging a clustering: indices on all rows, the classic silhouette on a sample with its interval, and the choice of k
// with its reasons.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "clientele/base/json.h"
#include "clientele/cluster/cluster.h"
#include "clientele/judge/evidence.h"

namespace clientele {

/// [judge] of a job file.
struct JudgeSpec {
  std::vector<std::string> metrics = {"calinski_harabasz", "davies_bouldin", "simplified_silhouette",
                                      "squared_silhouette", "silhouette"};
  int64_t sample = 4000;           ///< rows of the classic silhouette's sample (all rows when there are no more)
  bool structure = true;           ///< test whether the rows fall into groups at all
  int64_t resamples = 20;          ///< of the stability of segments; 0: not measured
  int64_t resample_rows = 4000;    ///< rows of the sample behind the test and the resamples; 20 a segment at least
  double stable = 0.75;            ///< mean Jaccard similarity from which a segment is stable
  double unstable = 0.6;           ///< and below which it is unstable; between the two it is a pattern
  double unstable_segments = 0.1;  ///< share of its segments that may be unstable for a k to win

  void visit(SpecVisitor& v);
};

/// Throws Error{usage} with a suggestion for a metric that does not exist.
void check_metrics(const JudgeSpec& spec);

/// One number of one index; NaN where it is undefined (fewer than two segments that hold rows).
struct Score {
  std::string metric;
  double value = 0;
  double low = 0, high = 0;  ///< 95 % interval; equal to value when every row was used
  bool higher_is_better = true;
  int64_t rows = 0;  ///< rows it was computed on
};

struct Scores {
  int k = 0;
  double inertia = 0;
  std::vector<Score> scores;
  std::vector<int64_t> counts = {};  ///< of each segment: sum of m (unweighted: rows), all ranks
  int weight_bits = 0;               ///< RowBlocks::weight_bits
  bool weighted = false;
  const Score* find(const std::string& metric) const;
};

/// Names, help and direction of every metric; the registry.
struct MetricFacts {
  std::string name, help;
  bool higher_is_better;
};
const std::vector<MetricFacts>& metric_facts();

/// A row counts by its weight: with whole weights each index is that of the table with every row repeated as often (the
/// classic silhouette's sample is drawn from the rows, not from the repeated ones). Unknown metric: Error{usage} with a
/// suggestion. `published` must be of the same clustering; the label slots too.
Scores judge(RowBlocks& rows, const Clustering& clustering, const Published& published, const JudgeSpec& spec,
             uint64_t seed, Env& env);
/// judge() of several clusterings, which share each read of the rows. published: of publish_together, whose label sets
/// must still be there.
std::vector<Scores> judge_together(RowBlocks& rows, std::span<const Clustering> clusterings,
                                   std::span<const Published> published, const JudgeSpec& spec, uint64_t seed,
                                   Env& env);

/// What a k must have for its indices' votes to count. Where stability was measured, that of at least half of its
/// segments must be known.
struct GateSpec {
  int64_t min_weight = 0;  ///< of its smallest segment, a sum of m; no segment may be empty
  double stable = 0.75;    ///< of at least half of the segments whose stability is known
  double unstable = 0.6;
  double unstable_segments = 0;
};

struct KGate {
  int k = 0;
  bool passed = true;
  double smallest = 0;               ///< size of the smallest segment: rows, or the sum of their weights
  int64_t stable = 0, unstable = 0;  ///< segments
  std::string why;                   ///< it cannot win; empty if passed
};

struct KChoice {
  int k = 0;
  std::string reason;  ///< plain sentence: which index voted for which k, how ties were broken
  std::vector<std::pair<std::string, int>> votes = {};  ///< metric -> k
  bool worth_having = true;  ///< false: no k passed, or there are no groups: `k` is the best of what there is
  std::vector<std::string> doubts = {};  ///< why not, in plain sentences
  std::vector<KGate> gates = {};         ///< one a candidate
  Structure structure = {};
};
/// Each index votes for one k among those that pass; most votes win, ties by the squared or simplified silhouette, then
/// the smaller k. If none passes, or if the rows have no structure, the segments are not worth having: k is 1 where
/// that is a candidate, else the winner of the vote among those that pass the gates, or among all. A single candidate
/// is judged alike. evidence: one stability a candidate, or none.
KChoice choose_k(const std::vector<Scores>& candidates, const Evidence& evidence = {}, const GateSpec& gates = {});

Json to_json(const Scores& scores);
Json to_json(const KChoice& choice);

}  // namespace clientele
