#include "far_starts.h"

#include <algorithm>
#include <limits>

#include "clientele/cluster/across_ranks.h"
#include "draws.h"
#include "pass.h"
#include "repair.h"

namespace clientele {

namespace {

constexpr int kMostSwaps = 4;    // each costs a full pass
constexpr uint32_t kDrawn = 6;   // candidates drawn by D^2: segments with a share of the potential
constexpr int kFarthest = 2;     // and the farthest rows: segments of a few rows very far off
constexpr double kLeast = 1e-6;  // of the potential: far above what its sums' rounding could feign

struct Swap {
  size_t centroid = 0;
  std::vector<float> row;
};

double d2_to_mean(std::span<const double> mean, const float* centroid) {
  double d2 = 0;
  for (size_t j = 0; j < mean.size(); ++j) {
    const double t = mean[j] - static_cast<double>(centroid[j]);
    d2 += t * t;
  }
  return d2;
}

struct Loss {
  size_t centroid = 0;
  double cost = std::numeric_limits<double>::infinity();
};

/// The centroid that is cheapest to lose: at most N (|mean - other|^2 - |mean - own|^2), were all its rows to go to the
/// best one other centroid.
Loss cheapest_loss(const RowBlocks& rows, const FirstPass& first) {
  const size_t d = static_cast<size_t>(rows.d), k = first.pass.counts.size();
  Loss least;
  std::vector<double> mean(d);
  for (size_t c = 0; c < k; ++c) {
    const double count = static_cast<double>(first.pass.counts[c]);
    double cost = count > 0 ? std::numeric_limits<double>::infinity() : 0;
    for (size_t j = 0; j < d && count > 0; ++j)
      mean[j] = to_double(first.pass.sums[c * d + j].value()) / rows.scales[j] / count;
    for (size_t other = 0; other < k && count > 0; ++other)
      if (other != c)
        cost = std::min(cost, count * (d2_to_mean(mean, first.centroids.data() + other * d) -
                                       d2_to_mean(mean, first.centroids.data() + c * d)));
    if (cost < least.cost) least = {c, cost};
  }
  return least;
}

/// Row vectors to try, d each; the first is a centroid, whose potential is that of the pass itself.
std::vector<float> candidates(RowBlocks& rows, const FirstPass& first, uint64_t seed, uint32_t restart, Env& env) {
  std::vector<RandomKey> keys;
  for (uint32_t trial = 0; trial < kDrawn; ++trial)
    keys.push_back({seed, Purpose::far_start, restart, static_cast<uint32_t>(first.swaps), trial});
  std::vector<float> out(first.centroids.begin(), first.centroids.begin() + rows.d);
  const std::vector<float> drawn = fetch_rows(rows, draw_rows(rows, keys, env), env);
  out.insert(out.end(), drawn.begin(), drawn.end());
  const CentroidsView view{first.centroids.data(), static_cast<int>(first.pass.counts.size()), rows.d};
  for (const FarRow& far : farthest_rows(rows, view, kFarthest, env))
    out.insert(out.end(), far.values.begin(), far.values.end());
  return out;
}

/// The best swap, if it certainly pays.
bool find_swap(RowBlocks& rows, const FirstPass& first, uint64_t seed, uint32_t restart, Env& env, Swap& swap) {
  SampleOps& ops = env.backend.sample_ops();
  const CentroidsView view{first.centroids.data(), static_cast<int>(first.pass.counts.size()), rows.d};
  rows.each([&](RowBlock& block) {
    ops.start_seeding(block);
    ops.lower_to_own(block, view);
  });
  const std::vector<float> tried = candidates(rows, first, seed, restart, env);
  const std::vector<double> left = potentials(rows, tried, env);
  rows.each([&](RowBlock& block) { ops.end_seeding(block); });
  const size_t best = static_cast<size_t>(std::min_element(left.begin(), left.end()) - left.begin());
  const Loss loss = cheapest_loss(rows, first);
  if (!(left[0] - left[best] - loss.cost > kLeast * left[0])) return false;
  const auto row = tried.begin() + static_cast<int64_t>(best) * rows.d;
  swap = {loss.centroid, {row, row + rows.d}};
  return true;
}

}  // namespace

FirstPass first_pass(RowBlocks& rows, std::vector<float> start, uint64_t seed, uint32_t restart, Env& env) {
  FirstPass first{.centroids = std::move(start), .pass = {}, .swaps = 0};
  const int k = static_cast<int>(first.centroids.size() / static_cast<size_t>(rows.d));
  for (;;) {
    const Drift none(k);
    clear_labels(rows, env);
    first.pass = assign_rows(rows, {first.centroids.data(), k, rows.d}, &none, env);
    Swap swap;
    if (k < 2 || first.swaps == kMostSwaps || !find_swap(rows, first, seed, restart, env, swap)) return first;
    std::copy(swap.row.begin(), swap.row.end(), first.centroids.begin() + static_cast<int64_t>(swap.centroid) * rows.d);
    ++first.swaps;
  }
}

}  // namespace clientele
