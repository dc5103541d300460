#include "sweep.h"

#include <algorithm>
#include <string>
#include <utility>

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

/// "k = 2 to 5"
std::string name_of(std::span<const int> ks) {
  std::string name = "k = " + std::to_string(ks.front());
  if (ks.size() > 1) name += " to " + std::to_string(ks.back());
  return name;
}

/// The fits of some k, side by side. A single k's rows are published for good.
void judge_group(RowBlocks& blocks, std::span<const int> ks, std::vector<Clustering> fits, const JudgeSpec& spec,
                 uint64_t seed, Sweep& sweep, bool only, Env& env) {
  env.progress.stage("publish, " + name_of(ks), 0, "");
  std::vector<Published> published;
  if (only)
    published.push_back(publish(blocks, fits[0], env));
  else
    published = publish_together(blocks, fits, env);
  env.progress.stage("judge, " + name_of(ks), 0, "");
  std::vector<Scores> scores = judge_together(blocks, fits, published, spec, seed, env);
  for (size_t i = 0; i < ks.size(); ++i)
    sweep.candidates.push_back(
        {.clustering = std::move(fits[i]), .scores = std::move(scores[i]), .stability = Stability()});
  if (only) sweep.published = std::move(published[0]);
}

}  // namespace

Sweep fit_and_judge(RowBlocks& blocks, std::span<const int> ks, const std::vector<float>& start,
                    const ClusterSpec& cluster, const JudgeSpec& judge_spec, int64_t side_by_side, Env& env) {
  Sweep sweep;
  const uint64_t seed = static_cast<uint64_t>(cluster.seed);
  const Starts starts = find_starts(blocks, ks, cluster, start, env);
  for (size_t first = 0; first < ks.size();) {
    const size_t count = std::min(ks.size() - first, static_cast<size_t>(side_by_side));
    std::vector<Clustering> fits = fit_together(blocks, starts, first, count, cluster, env);
    judge_group(blocks, ks.subspan(first, count), std::move(fits), judge_spec, seed, sweep, ks.size() == 1, env);
    drop_label_sets(blocks, env);
    first += count;
  }
  judge_evidence(blocks, cluster, judge_spec, sweep, env);
  while (sweep.best().clustering.k != sweep.choice.k) ++sweep.chosen;
  if (ks.size() > 1) sweep.published = publish(blocks, sweep.best().clustering, env);
  sweep.outliers = find_outliers(blocks, sweep.published, cluster.outliers, env);
  return sweep;
}

}  // namespace clientele
