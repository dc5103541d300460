// Each k fitted, published and judged; the choice between them; the published rows of the chosen one.
#pragma once

#include <vector>

#include "clientele/cluster/cluster.h"
#include "clientele/cluster/outliers.h"
#include "clientele/judge/judge.h"
#include "job_bind.h"

namespace clientele {

struct Candidate {
  Clustering clustering;
  Scores scores;
  Stability stability;  ///< without resamples if it was not measured
};

struct Sweep {
  std::vector<Candidate> candidates;  ///< ascending k
  size_t chosen = 0;
  KChoice choice;       ///< of a sweep; a single k has no votes
  Published published;  ///< of the chosen clustering; so are the label slots
  Outliers outliers;    ///< among its rows

  const Candidate& best() const { return candidates[chosen]; }
};

/// start: given or warm centroids (k x d, engine space) for the one k, or empty. side_by_side: so many k at a time
/// share each read of the rows (MemoryPlan::side_by_side); the result is the same for any.
Sweep fit_and_judge(RowBlocks& blocks, std::span<const int> ks, const std::vector<float>& start,
                    const ClusterSpec& cluster, const JudgeSpec& judge_spec, int64_t side_by_side, Env& env);

}  // namespace clientele
