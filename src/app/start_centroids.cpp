#include "start_centroids.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>

#include "clientele/base/errors.h"
#include "clientele/cluster/across_ranks.h"
#include "clientele/cluster/distinct.h"

namespace clientele {
namespace {

/// For each position of the given columns the feature it belongs to, or -1 for a column that cleaning dropped.
std::vector<int> given_columns(const FeatureSpace& space, const CleanRows& rows) {
  std::vector<int> positions;
  for (size_t column = 0; column < space.schema.columns.size(); ++column) {
    const Column& facts = space.schema.columns[column];
    if (facts.role != ColumnRole::cluster) continue;
    const bool used =
        std::find(rows.columns.begin(), rows.columns.end(), static_cast<int>(column)) != rows.columns.end();
    if (!used) positions.push_back(-1);
    for (int j = 0; j < space.d(); ++j)
      if (space.features[static_cast<size_t>(j)].transform.source == static_cast<int32_t>(column))
        positions.push_back(j);
  }
  return positions;
}

std::vector<float> given_start(const std::string& init, const FeatureSpace& space, const CleanRows& rows,
                               const RowBlocks& blocks, int64_t& k) {
  const std::vector<int> positions = given_columns(space, rows);
  const std::vector<double> given = read_centroids(init, static_cast<int64_t>(positions.size()), k);
  std::vector<double> normalised(static_cast<size_t>(k * space.d()));
  for (int64_t c = 0; c < k; ++c)
    for (size_t p = 0; p < positions.size(); ++p)
      if (positions[p] >= 0)
        normalised[static_cast<size_t>(c * space.d() + positions[p])] =
            given[static_cast<size_t>(c) * positions.size() + p];
  return engine_centroids(normalised, blocks);
}

/// A value of the model's normalised space in this job's. Affine forms go through the curve's space; ranked ones keep
/// their score.
double carry_over(double v, const FeatureTransform& from, const FeatureTransform& to) {
  if (from.form == FeatureForm::number && to.form == FeatureForm::number && from.curve == to.curve)
    return to.factor * ((v / from.factor * from.scale + from.shift - to.shift) / to.scale);
  if (from.form == FeatureForm::indicator && to.form == FeatureForm::indicator)
    return to.factor * ((v / from.factor * from.scale + from.shift - to.shift) / to.scale);
  return v / from.factor * to.factor;
}

bool same_space(const FeatureSpace& a, const FeatureSpace& b) {
  if (a.spherical != b.spherical || a.means != b.means) return false;
  const auto bits = [](double x) { return std::bit_cast<uint64_t>(x); };
  for (size_t j = 0; j < a.features.size(); ++j) {
    const FeatureTransform &f = a.features[j].transform, &g = b.features[j].transform;
    if (f.form != g.form || f.curve != g.curve || bits(f.shift) != bits(g.shift) || bits(f.scale) != bits(g.scale) ||
        bits(f.factor) != bits(g.factor))
      return false;
  }
  return true;
}

std::vector<float> warm_start(const std::string& path, const FeatureSpace& space, const RowBlocks& blocks, int64_t& k) {
  const Model model = read_model(path);
  k = model.k;
  const auto names = [](const FeatureSpace& of) {
    std::string text;
    for (const Feature& feature : of.features) text += (text.empty() ? "" : ", ") + feature.name;
    return text;
  };
  if (names(model.space) != names(space))
    throw Error(ErrorKind::input,
                {.what = "the model for a warm start has other features",
                 .where = path,
                 .expected = names(space),
                 .found = names(model.space),
                 .hint = "Start from a model of a job with the same columns, or use init = \"kmeans++\"."});
  if (same_space(model.space, space)) return model.centroids;
  std::vector<double> carried(model.centroids.size());
  const size_t d = space.features.size();
  for (size_t i = 0; i < carried.size(); ++i) {
    const double normalised = static_cast<double>(model.centroids[i]) + model.space.means[i % d];
    carried[i] = carry_over(normalised, model.space.features[i % d].transform, space.features[i % d].transform);
  }
  return engine_centroids(carried, blocks);
}

/// A sum of m in words.
std::string size_text(int64_t weight, const RowBlocks& blocks) {
  if (!blocks.weighted) return std::to_string(weight) + " rows";
  char text[40];
  std::snprintf(text, sizeof text, "%.6g", std::ldexp(static_cast<double>(weight), -blocks.weight_bits));
  return "a weight of " + std::string(text);
}

[[noreturn]] void throw_too_few_rows(int64_t k, int64_t least, const RowBlocks& blocks) {
  const int64_t all = blocks.total_weight();
  throw Error(ErrorKind::input, {.what = "cluster.min_size is too large for k segments",
                                 .where = "cluster.min_size",
                                 .expected = "at most " + size_text(all / k, blocks) + ": " + size_text(all, blocks) +
                                             " in " + std::to_string(k) + " segments",
                                 .found = size_text(least, blocks),
                                 .hint = "Lower cluster.min_size or cluster.k."});
}

/// Known before the first fit, so that a sweep does not fail half way. Where the job leaves k open, few distinct rows
/// only shorten the range.
std::vector<int> ks_to_try(const BoundJob& bound, const RowBlocks& blocks, Env& env) {
  const std::vector<int64_t>& range = bound.job.cluster.k;
  int64_t last = range.back();
  const int64_t distinct = count_distinct_rows(blocks, last, env);
  if (distinct < last) {
    if (bound.given("cluster.k") || distinct < range.front()) throw_too_few_distinct(last, distinct);
    last = distinct;
    env.warnings.push_back("No k above " + std::to_string(last) + " is tried: the data has no more distinct rows.");
  }
  const int64_t all = blocks.total_weight();
  const int64_t least = std::max<int64_t>(bound.job.cluster.min_weight(all, blocks.weight_bits), 1);
  if (last > all / least) {
    if (range.front() > all / least) throw_too_few_rows(range.front(), least, blocks);
    last = all / least;
    env.warnings.push_back("No k above " + std::to_string(last) + " is tried: more segments cannot have " +
                           size_text(least, blocks) + " each, as cluster.min_size asks.");
  }
  std::vector<int> ks;
  for (int64_t k = range.front(); k <= last; ++k) ks.push_back(static_cast<int>(k));
  return ks;
}

}  // namespace

StartPlan plan_start(const BoundJob& bound, const FeatureSpace& space, const CleanRows& rows, const RowBlocks& blocks,
                     Env& env) {
  const ClusterSpec& spec = bound.job.cluster;
  StartPlan plan;
  if (!spec.given_start()) {
    plan.ks = ks_to_try(bound, blocks, env);
    return plan;
  }
  int64_t k = 0;
  plan.centroids = start_file(spec.init).dataset.empty() ? warm_start(spec.init, space, blocks, k)
                                                         : given_start(spec.init, space, rows, blocks, k);
  if (bound.given("cluster.k") && spec.k.front() != k)
    throw Error(ErrorKind::usage, {.what = "cluster.k contradicts the given start",
                                   .where = bound.origins.at("cluster.k").text,
                                   .expected = "k = " + std::to_string(k) + ", the centroids in " + spec.init,
                                   .found = "k = " + std::to_string(spec.k.front()),
                                   .hint = "Leave cluster.k out when cluster.init names a file."});
  plan.ks.push_back(static_cast<int>(k));
  return plan;
}

}  // namespace clientele
