// The last pass: what is published about every row.
#include <algorithm>
#include <numeric>

#include "clientele/cluster/across_ranks.h"
#include "clientele/cluster/cluster.h"
#include "pass.h"

namespace clientele {

namespace {

/// Any row of any rank as far from its second segment as from its own.
bool any_tie(std::span<const float> margins, Comm& comm) {
  std::vector<int64_t> ties = {std::find(margins.begin(), margins.end(), 0.0f) != margins.end() ? 1 : 0};
  comm.sum(ties);
  return ties[0] > 0;
}

/// Sums of the published labels. Those of a settled fit are its own, unless ties fell differently; otherwise one more
/// pass finds them.
void sum_published(RowBlocks& rows, const Clustering& clustering, Published& out, Env& env) {
  if (clustering.sums.empty()) return;  // a saved model: its rows are scored, not summed
  if (clustering.settled && !(clustering.reordered && any_tie(out.margin, env.comm))) {
    out.sums = clustering.sums;
    out.counts = clustering.counts;
  } else {
    clear_labels(rows, env);
    PassResult pass = assign_rows(rows, {clustering.centroids.data(), clustering.k, clustering.d}, nullptr, env);
    out.sums = std::move(pass.sums);
    out.counts = std::move(pass.counts);
  }
  out.inertia = exact_inertia(rows, clustering.square_sums, clustering.centroids, clustering.k, out.sums, out.counts);
}

std::vector<int64_t> count_rows(std::span<const int32_t> labels, int k, Comm& comm) {
  std::vector<int64_t> rows(static_cast<size_t>(k));
  for (const int32_t label : labels) ++rows[static_cast<size_t>(label)];
  comm.sum(rows);
  return rows;
}

}  // namespace

Published publish(RowBlocks& rows, const Clustering& clustering, Env& env) {
  Published out;
  const size_t n = static_cast<size_t>(rows.rows);
  out.label.resize(n);
  out.second.resize(n);
  out.distance.resize(n);
  out.margin.resize(n);

  PublishSums sums;
  const CentroidsView centroids{clustering.centroids.data(), clustering.k, clustering.d};
  rows.each([&](RowBlock& block) {
    const size_t first = static_cast<size_t>(block.first_row() - rows.first_row);
    const size_t count = static_cast<size_t>(block.rows());
    const PublishedRows slots{.label = std::span(out.label).subspan(first, count),
                              .distance = std::span(out.distance).subspan(first, count),
                              .second = std::span(out.second).subspan(first, count),
                              .margin = std::span(out.margin).subspan(first, count)};
    env.backend.assign_ops().publish(block, centroids, slots, sums);
    env.progress.advance(block.rows());
  });
  sum_published(rows, clustering, out, env);
  out.rows = count_rows(out.label, clustering.k, env.comm);
  std::vector<std::vector<double>> margins;
  for (const double sum : sums.margin_blocks) margins.push_back({sum});
  const int64_t all = std::accumulate(out.counts.begin(), out.counts.end(), int64_t{0});
  out.mean_margin =
      merge_blocks(margins, 1, env.comm)[0] / static_cast<double>(clustering.sums.empty() ? rows.total_rows : all);
  out.distance_sums = merge_blocks(sums.distance_blocks, clustering.k, env.comm);
  return out;
}

}  // namespace clientele
