// The last pass: what is published about every row.
#include <algorithm>
#include <numeric>

#include "clientele/cluster/across_ranks.h"
#include "clientele/cluster/cluster.h"
#include "pass.h"

namespace clientele {

namespace {

/// What the last pass finds out about one clustering.
struct LastPass {
  const Clustering& clustering;
  Published out;
  PublishSums sums;
  bool tie = false;  ///< any row as far from its second segment as from its own

  explicit LastPass(const Clustering& of) : clustering(of) { out.rows.resize(static_cast<size_t>(of.k)); }

  /// slots: at least labels and margins.
  void add(RowBlock& block, const PublishedRows& slots, AssignOps& ops) {
    ops.publish(block, {clustering.centroids.data(), clustering.k, clustering.d}, slots, sums);
    for (const int32_t label : slots.label) ++out.rows[static_cast<size_t>(label)];
    tie = tie || std::find(slots.margin.begin(), slots.margin.end(), 0.0f) != slots.margin.end();
  }

  /// Sums of the published labels are those of a settled fit, unless ties fell differently. A saved model's rows are
  /// scored, not summed.
  bool to_sum() const { return !clustering.sums.empty() && (!clustering.settled || (clustering.reordered && tie)); }
};

/// Of any rank.
void share_ties(std::span<LastPass> passes, Comm& comm) {
  std::vector<int64_t> ties;
  for (const LastPass& pass : passes) ties.push_back(pass.tie ? 1 : 0);
  comm.sum(ties);
  for (size_t i = 0; i < passes.size(); ++i) passes[i].tie = ties[i] > 0;
}

/// Sums that the fits do not know come from one more pass. Clustering i's labels: in set i.
void sum_published(RowBlocks& rows, std::span<LastPass> passes, Env& env) {
  share_ties(passes, env.comm);
  std::vector<Labelling> models;
  for (size_t i = 0; i < passes.size(); ++i) {
    const Clustering& clustering = passes[i].clustering;
    passes[i].out.sums = clustering.sums;
    passes[i].out.counts = clustering.sums.empty() ? std::vector<int64_t>() : clustering.counts;
    if (!passes[i].to_sum()) continue;
    const int set = static_cast<int>(i);
    use_labels(rows, set, env);
    clear_labels(rows, env);
    models.push_back({{clustering.centroids.data(), clustering.k, clustering.d}, nullptr, set});
  }
  std::vector<PassResult> found;
  if (!models.empty()) found = assign_rows(rows, models, env);
  for (size_t i = 0; i < models.size(); ++i) {
    Published& out = passes[static_cast<size_t>(models[i].set)].out;
    out.sums = std::move(found[i].sums);
    out.counts = std::move(found[i].counts);
  }
}

/// What follows from all rows' values.
Published close(const RowBlocks& rows, LastPass& pass, Env& env) {
  Published& out = pass.out;
  const Clustering& clustering = pass.clustering;
  if (!out.sums.empty())
    out.inertia = exact_inertia(rows, clustering.square_sums, clustering.centroids, clustering.k, out.sums, out.counts);
  env.comm.sum(out.rows);
  std::vector<std::vector<double>> margins;
  for (const double sum : pass.sums.margin_blocks) margins.push_back({sum});
  const int64_t weight =
      out.sums.empty() ? rows.total_rows : std::accumulate(out.counts.begin(), out.counts.end(), int64_t{0});
  out.mean_margin = merge_blocks(margins, 1, env.comm)[0] / static_cast<double>(weight);
  out.distance_sums = merge_blocks(pass.sums.distance_blocks, clustering.k, env.comm);
  return std::move(out);
}

}  // namespace

Published publish(RowBlocks& rows, const Clustering& clustering, Env& env) {
  use_labels(rows, 0, env);
  clear_labels(rows, env);  // bounds of all blocks go first: what is published needs the memory
  LastPass pass(clustering);
  Published& out = pass.out;
  const size_t n = static_cast<size_t>(rows.rows);
  out.label.resize(n);
  out.second.resize(n);
  out.distance.resize(n);
  out.margin.resize(n);
  rows.each([&](RowBlock& block) {
    const size_t first = static_cast<size_t>(block.first_row() - rows.first_row);
    const size_t count = static_cast<size_t>(block.rows());
    const PublishedRows slots{.label = std::span(out.label).subspan(first, count),
                              .distance = std::span(out.distance).subspan(first, count),
                              .second = std::span(out.second).subspan(first, count),
                              .margin = std::span(out.margin).subspan(first, count)};
    pass.add(block, slots, env.backend.assign_ops());
    env.progress.advance(block.rows());
  });
  sum_published(rows, {&pass, 1}, env);
  return close(rows, pass, env);
}

std::vector<Published> publish_together(RowBlocks& rows, std::span<const Clustering> clusterings, Env& env) {
  std::vector<LastPass> passes(clusterings.begin(), clusterings.end());
  AssignOps& ops = env.backend.assign_ops();
  std::vector<int32_t> label;
  std::vector<float> margin;
  rows.each([&](RowBlock& block) {
    label.resize(static_cast<size_t>(block.rows()));
    margin.resize(static_cast<size_t>(block.rows()));
    for (size_t i = 0; i < passes.size(); ++i) {
      ops.use_labels(block, static_cast<int>(i));
      passes[i].add(block, {.label = label, .distance = {}, .second = {}, .margin = margin}, ops);
    }
    env.progress.advance(block.rows());
  });
  sum_published(rows, passes, env);
  std::vector<Published> out;
  for (LastPass& pass : passes) out.push_back(close(rows, pass, env));
  return out;
}

}  // namespace clientele
