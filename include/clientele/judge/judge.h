// Judging a clustering: indices on all rows, the classic silhouette on a sample with its interval, and the choice of k
// with its reasons.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "clientele/base/json.h"
#include "clientele/cluster/cluster.h"

namespace clientele {

/// [judge] of a job file.
struct JudgeSpec {
  std::vector<std::string> metrics = {"calinski_harabasz", "davies_bouldin", "simplified_silhouette",
                                      "squared_silhouette", "silhouette"};
  int64_t sample = 4000;  ///< rows of the classic silhouette's sample (all rows when there are no more)

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
  const Score* find(const std::string& metric) const;
};

/// Names, help and direction of every metric; the registry.
struct MetricFacts {
  std::string name, help;
  bool higher_is_better;
};
const std::vector<MetricFacts>& metric_facts();

/// Calinski-Harabasz and the squared silhouette count a row by its weight; the other indices count rows. Unknown
/// metric: Error{usage} with a suggestion. `published` must be of the same clustering; the label slots too.
Scores judge(RowBlocks& rows, const Clustering& clustering, const Published& published, const JudgeSpec& spec,
             uint64_t seed, Env& env);

struct KChoice {
  int k = 0;
  std::string reason;  ///< plain sentence: which index voted for which k, how ties were broken
  std::vector<std::pair<std::string, int>> votes;  ///< metric -> k
};
/// Each index votes for one k; most votes win, ties by the squared or simplified silhouette, then the smaller k.
KChoice choose_k(const std::vector<Scores>& candidates);

Json to_json(const Scores& scores);
Json to_json(const KChoice& choice);

}  // namespace clientele
