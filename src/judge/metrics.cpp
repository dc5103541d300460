// The table of indices.
#include "clientele/base/errors.h"
#include "clientele/base/suggest.h"
#include "metric.h"

namespace clientele {

namespace {

struct Metric {
  MetricFacts facts;
  std::vector<MetricValue> (*compute)(std::span<const MetricInput> inputs);
};

/// One after the other: from what publishing found out, without reading rows.
template <MetricValue (*metric)(const MetricInput&)>
std::vector<MetricValue> each(std::span<const MetricInput> inputs) {
  std::vector<MetricValue> out;
  for (const MetricInput& input : inputs) out.push_back(metric(input));
  return out;
}

const std::vector<Metric>& metrics() {
  static const std::vector<Metric> table = {
      {{"calinski_harabasz",
        "Variance between segments over variance within them, each per degree of freedom. Use when segments are "
        "compact; "
        "do not use to compare different features or normalisations.",
        true},
       each<calinski_harabasz>},
      {{"davies_bouldin",
        "Mean over segments of the worst ratio of spread to separation. Use when every segment must stand apart; do "
        "not "
        "use when segments differ much in size on purpose.",
        false},
       each<davies_bouldin>},
      {{"simplified_silhouette",
        "Mean margin of a row between its own and the next centroid. Use at any scale: it is free; do not use when "
        "segments are far from round.",
        true},
       each<simplified_silhouette>},
      {{"squared_silhouette",
        "Silhouette with squared Euclidean distances on all rows, as in Spark. Use at any scale; do not compare it "
        "with the classic silhouette, it is higher.",
        true},
       squared_silhouettes},
      {{"silhouette",
        "Classic silhouette on a sample, with its 95 % interval. Use to compare with other systems; do not use for "
        "segments smaller than the sample can show.",
        true},
       silhouettes},
  };
  return table;
}

const Metric* find_metric(const std::string& name) {
  for (const Metric& metric : metrics())
    if (metric.facts.name == name) return &metric;
  return nullptr;
}

}  // namespace

const std::vector<MetricFacts>& metric_facts() {
  static const std::vector<MetricFacts> facts = [] {
    std::vector<MetricFacts> out;
    for (const Metric& metric : metrics()) out.push_back(metric.facts);
    return out;
  }();
  return facts;
}

void JudgeSpec::visit(SpecVisitor& v) {
  std::string help = "Indices to compute; in all of them a row counts by its weight.";
  for (const MetricFacts& facts : metric_facts()) help += " " + facts.name + ": " + facts.help;
  v.field({.name = "metrics", .help = help}, metrics);
  v.field(
      {.name = "sample",
       .help = "Rows in the sample of the classic silhouette (its cost grows with the square); all rows when there are "
               "no more.",
       .low = 2,
       .high = 200000},
      sample);
  v.field({.name = "structure",
           .help = "Test on a sample whether the rows fall into groups that stand apart at all (a dip test of every "
                   "2-means split). If not, the answer is \"no segments worth having\": the best segments are still "
                   "published, and every output says so."},
          structure);
  v.field({.name = "resamples",
           .help = "Bootstrap resamples for the stability of each segment: how much of it comes back when clients are "
                   "drawn anew (mean Jaccard similarity, 0 to 1; Hennig 2007). 0: not measured.",
           .low = 0,
           .high = 1000},
          resamples);
  v.field({.name = "resample_rows",
           .help = "Rows of the sample that the resamples and the test of structure work on; all rows when there are "
                   "no more. The resamples get at least 20 for each segment, as far as that is 100,000.",
           .low = 100,
           .high = 100000},
          resample_rows);
  v.field({.name = "stable", .help = "Stability from which a segment is called stable.", .low = 0, .high = 1}, stable);
  v.field({.name = "unstable",
           .help = "Stability below which a segment is called unstable; between the two it is a pattern: there, but "
                   "with borders that move.",
           .low = 0,
           .high = 1},
          unstable);
  v.field({.name = "unstable_segments",
           .help = "Share of its segments that may be unstable for a k to win the vote, rounded down to whole "
                   "segments; at least half of them must be stable, too.",
           .low = 0,
           .high = 1},
          unstable_segments);
}

void check_metrics(const JudgeSpec& spec) {
  for (const std::string& name : spec.metrics) {
    if (find_metric(name) != nullptr) continue;
    std::vector<std::string> names;
    std::string all;
    for (const MetricFacts& facts : metric_facts()) {
      names.push_back(facts.name);
      all += (all.empty() ? "" : ", ") + facts.name;
    }
    const std::string near = nearest(name, names);
    throw Error(ErrorKind::usage, {.what = "unknown metric",
                                   .where = "judge.metrics",
                                   .expected = "some of " + all,
                                   .found = name,
                                   .hint = near.empty() ? "" : "Did you mean " + near + "?"});
  }
}

std::vector<double> member_means(const RowBlocks& rows, const Published& published) {
  const size_t d = static_cast<size_t>(rows.d);
  std::vector<double> means(published.sums.size());
  for (size_t i = 0; i < means.size(); ++i) {
    const int64_t count = published.counts[i / d];
    if (count > 0) means[i] = to_double(published.sums[i].value()) / rows.scales[i % d] / static_cast<double>(count);
  }
  return means;
}

int filled_segments(const Published& published) {
  int filled = 0;
  for (const int64_t count : published.counts) filled += count > 0 ? 1 : 0;
  return filled;
}

const Score* Scores::find(const std::string& metric) const {
  for (const Score& score : scores)
    if (score.metric == metric) return &score;
  return nullptr;
}

Scores judge(RowBlocks& rows, const Clustering& clustering, const Published& published, const JudgeSpec& spec,
             uint64_t seed, Env& env) {
  return std::move(judge_together(rows, {&clustering, 1}, {&published, 1}, spec, seed, env)[0]);
}

std::vector<Scores> judge_together(RowBlocks& rows, std::span<const Clustering> clusterings,
                                   std::span<const Published> published, const JudgeSpec& spec, uint64_t seed,
                                   Env& env) {
  check_metrics(spec);
  std::vector<MetricInput> inputs;
  std::vector<Scores> out;
  for (size_t i = 0; i < clusterings.size(); ++i) {
    inputs.push_back({rows, clusterings[i], published[i], spec, seed, env, static_cast<int>(i)});
    out.push_back({.k = clusterings[i].k,
                   .inertia = published[i].inertia,
                   .scores = {},
                   .counts = published[i].counts,
                   .weight_bits = rows.weight_bits,
                   .weighted = rows.weighted});
  }
  for (const std::string& name : spec.metrics) {
    const Metric& metric = *find_metric(name);
    const std::vector<MetricValue> values = metric.compute(inputs);
    for (size_t i = 0; i < values.size(); ++i)
      out[i].scores.push_back({.metric = name,
                               .value = values[i].value,
                               .low = values[i].sampled ? values[i].low : values[i].value,
                               .high = values[i].sampled ? values[i].high : values[i].value,
                               .higher_is_better = metric.facts.higher_is_better,
                               .rows = values[i].rows});
  }
  return out;
}

}  // namespace clientele
