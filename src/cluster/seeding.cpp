// Starting centroids drawn from the rows.
#include <algorithm>
#include <cmath>
#include <map>

#include "clientele/base/errors.h"
#include "clientele/base/exact_math.h"
#include "clientele/cluster/across_ranks.h"
#include "clientele/cluster/cluster.h"
#include "clientele/cluster/distinct.h"
#include "draws.h"

namespace clientele {

namespace {

/// The keys of one step.
std::vector<RandomKey> keys_of(uint64_t seed, uint32_t restart, int step, int trials) {
  std::vector<RandomKey> keys;
  for (int trial = 0; trial < trials; ++trial)
    keys.push_back({seed, Purpose::seeding, restart, static_cast<uint32_t>(step), static_cast<uint32_t>(trial)});
  return keys;
}

}  // namespace

// As scikit-learn.
int seeding_trials(int k) {
  return 2 + static_cast<int>(std::floor(exact::log(k)));
}

std::vector<float> seed_kmeans_plus_plus(RowBlocks& rows, int k, uint64_t seed, uint32_t restart, Env& env) {
  SampleOps& ops = env.backend.sample_ops();
  const size_t d = static_cast<size_t>(rows.d);
  std::vector<float> centroids;
  rows.each([&](RowBlock& block) { ops.start_seeding(block); }, Features::unused);
  for (int step = 0; step < k; ++step) {
    const std::vector<int64_t> drawn =
        draw_rows(rows, keys_of(seed, restart, step, step == 0 ? 1 : seeding_trials(k)), env);
    if (drawn.empty()) throw_too_few_distinct(k, step);
    const std::vector<float> candidates = fetch_rows(rows, drawn, env);
    size_t chosen = 0;
    if (drawn.size() > 1) {
      const std::vector<double> left = potentials(rows, candidates, env);  // ties go to the lowest trial
      chosen = static_cast<size_t>(std::min_element(left.begin(), left.end()) - left.begin());
    }
    const std::span<const float> centroid(candidates.data() + chosen * d, d);
    centroids.insert(centroids.end(), centroid.begin(), centroid.end());
    if (step + 1 < k) rows.each([&](RowBlock& block) { ops.lower_min_d2(block, centroid); });
  }
  rows.each([&](RowBlock& block) { ops.end_seeding(block); }, Features::unused);
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
