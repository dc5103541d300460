#include "clientele/judge/evidence.h"

#include <algorithm>

#include "clientele/judge/judge.h"
#include "json_number.h"
#include "stability.h"
#include "structure.h"

namespace clientele {

namespace {

/// Of a segment, on average: half of that is enough to tell (Stability). And no more than resample_rows may be.
constexpr int64_t kRowsOfSegment = 20, kMostRows = 100'000;

int most_segments(const std::vector<const Clustering*>& clusterings) {
  int most = 0;
  for (const Clustering* each : clusterings) most = std::max(most, each->k);
  return most;
}

}  // namespace

int64_t evidence_rows(const JudgeSpec& spec, int64_t k) {
  if (spec.resamples == 0) return spec.resample_rows;
  return std::max(spec.resample_rows, std::min(kRowsOfSegment * k, kMostRows));
}

Evidence gather_evidence(RowBlocks& rows, const std::vector<const Clustering*>& clusterings, const ClusterSpec& cluster,
                         const JudgeSpec& spec, Env& env) {
  Evidence out;
  const bool several =
      std::any_of(clusterings.begin(), clusterings.end(), [](const Clustering* each) { return each->k > 1; });
  if (!several || (!spec.structure && spec.resamples == 0)) return out;
  const uint64_t seed = static_cast<uint64_t>(cluster.seed);
  const int64_t fits = spec.resamples * static_cast<int64_t>(clusterings.size());
  env.progress.stage("stability", fits, "resamples");
  const RowSample sample = draw_row_sample(rows, evidence_rows(spec, most_segments(clusterings)), seed, env);
  const bool spherical = algorithm_facts()[static_cast<size_t>(cluster.algorithm)].unit_rows;
  if (spec.structure) out.structure = test_structure(sample, spherical, seed);
  if (spec.resamples > 0) {
    const int64_t all = rows.total_weight();
    const double least_share =
        static_cast<double>(cluster.min_weight(all, rows.weight_bits)) / static_cast<double>(all);
    out.stability = segment_stability(sample, clusterings, cluster, least_share, spec, env);
  }
  return out;
}

Json to_json(const Structure& structure) {
  return {{"tested", structure.tested}, {"found", structure.found},     {"rows", structure.rows},
          {"splits", structure.splits}, {"largest", structure.largest}, {"limit", structure.limit}};
}

Json to_json(const Stability& stability, const JudgeSpec& spec) {
  Json jaccard = Json::array(), words = Json::array();
  for (const double value : stability.jaccard) {
    jaccard.push_back(json_number(value));
    words.push_back(value >= spec.stable     ? "stable"
                    : value >= spec.unstable ? "pattern"
                    : value == value         ? "unstable"
                                             : "unknown");
  }
  return {{"rows", stability.rows}, {"resamples", stability.resamples}, {"jaccard", jaccard}, {"words", words}};
}

}  // namespace clientele
