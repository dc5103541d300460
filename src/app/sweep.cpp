#include "sweep.h"

#include <string>

namespace clientele {

namespace {

/// Why there was nothing to choose from.
std::string why_only(const Clustering& only, const ClusterSpec& cluster) {
  const bool range = !cluster.given_start() && cluster.k.front() != cluster.k.back();
  if (range)
    return "Of k = " + std::to_string(cluster.k.front()) + " to " + std::to_string(cluster.k.back()) +
           " only k = " + std::to_string(only.k) + " can be had from these clients.";
  if (only.dropped > 0)
    return "k = " + std::to_string(only.k + only.dropped) + " was given, but only " + std::to_string(only.k) +
           " segments could be given the size of cluster.min_size.";
  return "k was given.";
}

/// Are the segments worth having, and which k's are?
void judge_evidence(RowBlocks& blocks, const ClusterSpec& cluster, const JudgeSpec& spec, Sweep& sweep, Env& env) {
  std::vector<const Clustering*> clusterings;
  std::vector<Scores> scores;
  for (const Candidate& candidate : sweep.candidates) {
    clusterings.push_back(&candidate.clustering);
    scores.push_back(candidate.scores);
  }
  const Evidence evidence = gather_evidence(blocks, clusterings, cluster, spec, env);
  for (size_t i = 0; i < evidence.stability.size(); ++i) sweep.candidates[i].stability = evidence.stability[i];
  sweep.choice = choose_k(scores, evidence,
                          {.min_weight = cluster.min_weight(blocks.total_weight(), blocks.weight_bits),
                           .stable = spec.stable,
                           .unstable = spec.unstable,
                           .unstable_segments = spec.unstable_segments});
  if (scores.size() == 1) sweep.choice.reason = why_only(*clusterings[0], cluster);
}

}  // namespace

Sweep fit_and_judge(RowBlocks& blocks, std::span<const int> ks, const std::vector<float>& start,
                    const ClusterSpec& cluster, const JudgeSpec& judge_spec, Env& env) {
  Sweep sweep;
  const Starts starts = find_starts(blocks, ks, cluster, start, env);
  for (size_t i = 0; i < ks.size(); ++i) {
    const int k = ks[i];
    Candidate candidate;
    candidate.clustering = std::move(fit_together(blocks, starts, i, 1, cluster, env)[0]);
    env.progress.stage("publish, k = " + std::to_string(k), 0, "");
    sweep.published = Published();  // the last one's rows go before the next one's come
    sweep.published = publish(blocks, candidate.clustering, env);
    env.progress.stage("judge, k = " + std::to_string(k), 0, "");
    candidate.scores =
        judge(blocks, candidate.clustering, sweep.published, judge_spec, static_cast<uint64_t>(cluster.seed), env);
    sweep.candidates.push_back(std::move(candidate));
  }
  judge_evidence(blocks, cluster, judge_spec, sweep, env);
  while (sweep.best().clustering.k != sweep.choice.k) ++sweep.chosen;
  if (sweep.chosen + 1 != sweep.candidates.size()) {
    sweep.published = Published();
    sweep.published = publish(blocks, sweep.best().clustering, env);
  }
  sweep.outliers = find_outliers(blocks, sweep.published, cluster.outliers, env);
  return sweep;
}

}  // namespace clientele
