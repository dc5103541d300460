// Starting centroids drawn from the rows.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "clientele/base/errors.h"
#include "clientele/base/exact_math.h"
#include "clientele/cluster/across_ranks.h"
#include "clientele/cluster/cluster.h"
#include "clientele/cluster/distinct.h"

namespace clientele {

namespace {

/// As scikit-learn.
int trials_for(int k) {
  return 2 + static_cast<int>(std::floor(exact::log(k)));
}

/// The winning row of each key, over all ranks: smallest key, ties by lowest row. -1: no row has weight left.
std::vector<int64_t> draw_rows(RowBlocks& rows, std::span<const RandomKey> keys, Env& env) {
  std::vector<Draw> own(keys.size(), {std::numeric_limits<double>::infinity(), -1});
  rows.each([&](RowBlock& block) { env.backend.sample_ops().draw(block, keys, own); });
  const std::vector<Draw> all = env.comm.gather_all<Draw>(own);
  std::vector<Draw> best(keys.size(), {std::numeric_limits<double>::infinity(), -1});
  for (size_t i = 0; i < all.size(); ++i) {
    Draw& winner = best[i % keys.size()];
    const Draw& draw = all[i];
    if (draw.row < 0) continue;
    if (winner.row < 0 || draw.key < winner.key || (draw.key == winner.key && draw.row < winner.row)) winner = draw;
  }
  std::vector<int64_t> out;
  for (const Draw& draw : best) out.push_back(draw.row);
  return out;
}

/// Position of the candidate with the smallest canonical potential, ties by the lowest.
size_t best_candidate(RowBlocks& rows, const std::vector<float>& candidates, size_t count, Env& env) {
  std::vector<CanonicalSum> sums(count);
  const HostView<const float> view{candidates.data(), static_cast<int64_t>(count), rows.d};
  rows.each([&](RowBlock& block) { env.backend.sample_ops().potentials(block, view, sums); });
  std::vector<std::vector<double>> blocks(sums[0].blocks().size(), std::vector<double>(count));
  for (size_t b = 0; b < blocks.size(); ++b)
    for (size_t i = 0; i < count; ++i) blocks[b][i] = sums[i].blocks()[b];
  const std::vector<double> totals = merge_blocks(blocks, static_cast<int>(count), env.comm);
  return static_cast<size_t>(std::min_element(totals.begin(), totals.end()) - totals.begin());
}

/// Rows of one step, without those drawn twice.
std::vector<int64_t> draw_candidates(RowBlocks& rows, uint64_t seed, uint32_t restart, int step, int trials, Env& env) {
  std::vector<RandomKey> keys;
  for (int trial = 0; trial < trials; ++trial)
    keys.push_back({seed, Purpose::seeding, restart, static_cast<uint32_t>(step), static_cast<uint32_t>(trial)});
  std::vector<int64_t> candidates;
  for (const int64_t row : draw_rows(rows, keys, env))
    if (row >= 0 && std::find(candidates.begin(), candidates.end(), row) == candidates.end()) candidates.push_back(row);
  return candidates;
}

}  // namespace

std::vector<float> seed_kmeans_plus_plus(RowBlocks& rows, int k, uint64_t seed, uint32_t restart, Env& env) {
  SampleOps& ops = env.backend.sample_ops();
  const size_t d = static_cast<size_t>(rows.d);
  std::vector<float> centroids;
  rows.each([&](RowBlock& block) { ops.start_seeding(block); });
  for (int step = 0; step < k; ++step) {
    const std::vector<int64_t> drawn = draw_candidates(rows, seed, restart, step, step == 0 ? 1 : trials_for(k), env);
    if (drawn.empty()) throw_too_few_distinct(k, step);
    const std::vector<float> candidates = fetch_rows(rows, drawn, env);
    const size_t chosen = drawn.size() == 1 ? 0 : best_candidate(rows, candidates, drawn.size(), env);
    const std::span<const float> centroid(candidates.data() + chosen * d, d);
    centroids.insert(centroids.end(), centroid.begin(), centroid.end());
    rows.each([&](RowBlock& block) { ops.lower_min_d2(block, centroid); });
  }
  rows.each([&](RowBlock& block) { ops.end_seeding(block); });
  return centroids;
}

std::vector<float> seed_random(RowBlocks& rows, int k, uint64_t seed, uint32_t restart, Env& env) {
  constexpr int64_t kPiece = 4096;
  const RandomKey key{seed, Purpose::random_start, restart, 0, 0};
  std::map<std::vector<float>, int64_t> distinct;  // and the row of the smallest key
  // Among many equal rows more than k keys are needed: ask for twice as many until k rows differ.
  int64_t looked = 0;
  for (int64_t wanted = k; static_cast<int>(distinct.size()) < k; wanted = std::min(2 * wanted, rows.total_rows)) {
    if (looked >= rows.total_rows) throw_too_few_distinct(k, static_cast<int64_t>(distinct.size()));
    const auto keys = smallest_keys(rows, key, wanted, env);
    const int64_t found = static_cast<int64_t>(keys.size());
    if (looked >= found) throw_too_few_distinct(k, static_cast<int64_t>(distinct.size()));
    while (looked < found && static_cast<int>(distinct.size()) < k) {
      std::vector<int64_t> drawn;
      for (const int64_t last = std::min(found, looked + kPiece); looked < last; ++looked)
        drawn.push_back(keys[static_cast<size_t>(looked)].second);
      const std::vector<float> values = fetch_rows(rows, drawn, env);
      for (size_t i = 0; i < drawn.size() && static_cast<int>(distinct.size()) < k; ++i) {
        const auto begin = values.begin() + static_cast<int64_t>(i) * rows.d;
        distinct.try_emplace(std::vector<float>(begin, begin + rows.d), drawn[i]);
      }
    }
  }
  std::vector<std::pair<int64_t, const std::vector<float>*>> chosen;
  for (const auto& [values, row] : distinct) chosen.emplace_back(row, &values);
  std::sort(chosen.begin(), chosen.end());
  std::vector<float> centroids;
  for (const auto& [row, values] : chosen) centroids.insert(centroids.end(), values->begin(), values->end());
  return centroids;
}

}  // namespace clientele
