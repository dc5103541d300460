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
constexpr uint32_t kDrawn = 2;   // candidates drawn by D^2: segments with a share of the potential
constexpr int kFarthest = 2;     // and the farthest rows: segments of a few rows very far off
constexpr double kLeast = 1e-6;  // of the potential: far above what its sums' rounding could feign

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
    const double own = d2_to_mean(mean, first.centroids.data() + c * d);
    for (size_t other = 0; other < k && count > 0; ++other)
      if (other != c) cost = std::min(cost, count * (d2_to_mean(mean, first.centroids.data() + other * d) - own));
    if (cost < least.cost) least = {c, cost};
  }
  return least;
}

CentroidsView view_of(const FirstPass& first, int d) {
  return {first.centroids.data(), static_cast<int>(first.centroids.size() / static_cast<size_t>(d)), d};
}

/// min_d2 of a block's rows: their distance to their own centroid.
void start_at(RowBlock& block, const FirstPass& first, Env& env) {
  env.backend.assign_ops().use_labels(block, first.set);
  env.backend.sample_ops().start_seeding(block);
  env.backend.sample_ops().lower_to_own(block, view_of(first, block.d()));
}

/// One pass over rows in memory keeps its distances for the next look at them.
bool keeps_distances(const RowBlocks& rows, std::span<FirstPass*> firsts) {
  return firsts.size() == 1 && rows.pages == nullptr;
}

/// Row vectors to try, d each; the first is a centroid, whose potential is that of the pass itself.
std::vector<std::vector<float>> candidates(RowBlocks& rows, std::span<FirstPass*> firsts, uint64_t seed, Env& env) {
  SampleOps& ops = env.backend.sample_ops();
  std::vector<std::vector<RandomKey>> keys(firsts.size());
  for (size_t i = 0; i < firsts.size(); ++i)
    for (uint32_t trial = 0; trial < kDrawn; ++trial)
      keys[i].push_back({seed, Purpose::far_start, firsts[i]->restart, static_cast<uint32_t>(firsts[i]->swaps), trial});
  std::vector<std::vector<Draw>> drawn(firsts.size(), no_draws(kDrawn));
  std::vector<std::vector<FarRow>> far(firsts.size());
  rows.each([&](RowBlock& block) {
    for (size_t i = 0; i < firsts.size(); ++i) {
      start_at(block, *firsts[i], env);
      ops.draw(block, keys[i], drawn[i]);
      ops.far_from_seeds(block, kFarthest, far[i]);
      if (!keeps_distances(rows, firsts)) ops.end_seeding(block);
    }
  });
  std::vector<std::vector<float>> out;
  for (size_t i = 0; i < firsts.size(); ++i) {
    out.emplace_back(firsts[i]->centroids.begin(), firsts[i]->centroids.begin() + rows.d);
    const std::vector<float> values = fetch_rows(rows, drawn_rows(drawn[i], env.comm), env);
    out[i].insert(out[i].end(), values.begin(), values.end());
    for (const FarRow& row : farthest_rows(std::move(far[i]), kFarthest, rows.d, env.comm))
      out[i].insert(out[i].end(), row.values.begin(), row.values.end());
  }
  return out;
}

/// Of each candidate of each pass.
std::vector<std::vector<double>> potentials(RowBlocks& rows, std::span<FirstPass*> firsts,
                                            const std::vector<std::vector<float>>& tried, Env& env) {
  SampleOps& ops = env.backend.sample_ops();
  std::vector<std::vector<CanonicalSum>> sums;
  for (const std::vector<float>& candidates : tried) sums.emplace_back(candidates.size() / static_cast<size_t>(rows.d));
  rows.each([&](RowBlock& block) {
    for (size_t i = 0; i < firsts.size(); ++i) {
      if (!keeps_distances(rows, firsts)) start_at(block, *firsts[i], env);
      ops.potentials(block, {tried[i].data(), static_cast<int64_t>(sums[i].size()), rows.d}, sums[i]);
      ops.end_seeding(block);
    }
  });
  std::vector<std::vector<double>> out;
  for (const std::vector<CanonicalSum>& of_pass : sums) out.push_back(merged(of_pass, env.comm));
  return out;
}

/// Makes the best swap of a pass, if it certainly pays.
bool swap_best(const RowBlocks& rows, const std::vector<float>& tried, const std::vector<double>& left,
               FirstPass& first) {
  const auto best = std::min_element(left.begin(), left.end()) - left.begin();
  // No loss is negative, and the k^2 distances that find the least one are not needed where nothing is won.
  if (!(left[0] - left[static_cast<size_t>(best)] > kLeast * left[0])) return false;
  const Loss loss = cheapest_loss(rows, first);
  if (!(left[0] - left[static_cast<size_t>(best)] - loss.cost > kLeast * left[0])) return false;
  std::copy_n(tried.begin() + best * rows.d, rows.d,
              first.centroids.begin() + static_cast<int64_t>(loss.centroid) * rows.d);
  ++first.swaps;
  return true;
}

/// Looks for a swap for each pass. Returns those that made one.
std::vector<FirstPass*> swapped_of(RowBlocks& rows, std::span<FirstPass*> firsts, uint64_t seed, Env& env) {
  const std::vector<std::vector<float>> tried = candidates(rows, firsts, seed, env);
  const std::vector<std::vector<double>> left = potentials(rows, firsts, tried, env);
  std::vector<FirstPass*> swapped;
  for (size_t i = 0; i < firsts.size(); ++i)
    if (swap_best(rows, tried[i], left[i], *firsts[i])) swapped.push_back(firsts[i]);
  return swapped;
}

void run_passes(RowBlocks& rows, std::span<FirstPass*> firsts, Env& env) {
  std::vector<Drift> none;
  std::vector<Labelling> models;
  none.reserve(firsts.size());
  for (const FirstPass* first : firsts) {
    use_labels(rows, first->set, env);
    clear_labels(rows, env);
    const CentroidsView view = view_of(*first, rows.d);
    models.push_back({view, &none.emplace_back(view.k), first->set});
  }
  std::vector<PassResult> passes = assign_rows(rows, models, env);
  for (size_t i = 0; i < firsts.size(); ++i) firsts[i]->pass = std::move(passes[i]);
}

}  // namespace

void run_first_passes(std::span<FirstPass> firsts, RowBlocks& rows, uint64_t seed, Env& env) {
  const bool streamed = any_rank_streams(rows, env);
  std::vector<FirstPass*> open;
  for (FirstPass& first : firsts) open.push_back(&first);
  while (!open.empty()) {
    run_passes(rows, open, env);
    std::erase_if(open, [&](const FirstPass* first) {
      return first->swaps == kMostSwaps || first->centroids.size() == static_cast<size_t>(rows.d);
    });
    // Streamed rows are read for all passes at once; rows in memory are looked at pass by pass, which keeps distances.
    const size_t at_once = streamed ? std::max<size_t>(open.size(), 1) : 1;
    std::vector<FirstPass*> swapped;
    for (size_t i = 0; i < open.size(); i += at_once)
      for (FirstPass* first : swapped_of(rows, std::span(open).subspan(i, at_once), seed, env))
        swapped.push_back(first);
    open = std::move(swapped);
  }
}

}  // namespace clientele
