#include <algorithm>
#include <numeric>

#include "centroids.h"
#include "clientele/base/errors.h"
#include "clientele/cluster/across_ranks.h"
#include "clientele/cluster/distinct.h"
#include "far_starts.h"
#include "lloyd.h"
#include "start_race.h"

namespace clientele {

namespace {

template <class T>
void permute(std::vector<T>& values, const std::vector<int>& order, int width) {
  std::vector<T> out;
  out.reserve(values.size());
  for (const int c : order)
    out.insert(out.end(), values.begin() + int64_t{c} * width, values.begin() + int64_t{c + 1} * width);
  values = std::move(out);
}

/// Largest segment first, ties by index.
void order_by_count(Clustering& clustering) {
  std::vector<int> order(static_cast<size_t>(clustering.k));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return clustering.counts[static_cast<size_t>(a)] > clustering.counts[static_cast<size_t>(b)];
  });
  clustering.reordered = !std::is_sorted(order.begin(), order.end());
  permute(clustering.centroids, order, clustering.d);
  permute(clustering.sums, order, clustering.d);
  permute(clustering.counts, order, 1);
  permute(clustering.rows, order, 1);
}

void begin_stage(int k, int64_t restart, int64_t restarts, const ClusterSpec& spec, Env& env) {
  std::string name = "k-means, k = " + std::to_string(k);
  if (restarts > 1) name += ", start " + std::to_string(restart + 1) + " of " + std::to_string(restarts);
  env.progress.stage(name, spec.max_iterations, "iterations");
}

/// The best of full runs, one a restart.
Clustering best_of_all(RowBlocks& rows, int k, std::span<const Int128> squares, const ClusterSpec& spec,
                       const LloydSpec& loop, Env& env) {
  Clustering best;
  for (int64_t restart = 0; restart < spec.restarts; ++restart) {
    begin_stage(k, restart, spec.restarts, spec, env);
    std::vector<float> drawn = drawn_start(rows, k, spec, static_cast<uint32_t>(restart), env);
    Clustering clustering = lloyd(rows, squares, std::move(drawn), loop, env);
    clustering.restart = static_cast<int>(restart);
    if (restart == 0 || clustering.inertia < best.inertia) best = std::move(clustering);
  }
  return best;
}

/// The full run of the start that won the race.
Clustering run_winner(RowBlocks& rows, StartRace::Start start, std::span<const Int128> squares, const ClusterSpec& spec,
                      const LloydSpec& loop, Env& env) {
  const int k = static_cast<int>(start.centroids.size() / static_cast<size_t>(rows.d));
  begin_stage(k, 0, 1, spec, env);
  FirstPass first = first_pass(rows, std::move(start.centroids), static_cast<uint64_t>(spec.seed),
                               static_cast<uint32_t>(start.restart), env);
  Clustering clustering = lloyd(rows, squares, std::move(first.centroids), loop, env, &first.pass);
  clustering.restart = start.restart;
  clustering.start_rows = start.rows;
  clustering.far_starts = first.swaps;
  return clustering;
}

}  // namespace

std::vector<float> drawn_start(RowBlocks& rows, int k, const ClusterSpec& spec, uint32_t restart, Env& env) {
  const uint64_t seed = static_cast<uint64_t>(spec.seed);
  return spec.init == "random" ? seed_random(rows, k, seed, restart, env)
                               : seed_kmeans_plus_plus(rows, k, seed, restart, env);
}

void throw_too_few_distinct(int64_t k, int64_t distinct) {
  throw Error(ErrorKind::input, {.what = "k is above the number of distinct rows",
                                 .where = "cluster.k",
                                 .expected = "at most " + std::to_string(distinct) + " segments: the data has " +
                                             std::to_string(distinct) + " distinct rows",
                                 .found = "k = " + std::to_string(k),
                                 .hint = "Lower k, or cluster by more columns."});
}

Clustering fit(RowBlocks& rows, int k, const ClusterSpec& spec, const std::vector<float>& start, Env& env) {
  const LloydSpec loop{.stop = spec.stop,
                       .tolerance = spec.tolerance,
                       .max_iterations = spec.max_iterations,
                       .spherical = algorithm_facts()[static_cast<size_t>(spec.algorithm)].unit_rows};
  const int64_t distinct = count_distinct_rows(rows, k, env);
  if (distinct < k) throw_too_few_distinct(k, distinct);
  const std::vector<Int128> squares = square_sums(rows, env);
  if (!start.empty()) {
    if (start.size() != static_cast<size_t>(k) * static_cast<size_t>(rows.d))
      throw Error(ErrorKind::internal, {.what = "starting centroids are not k x d"});
    std::vector<float> own = start;
    if (loop.spherical) make_unit(own, rows.d);
    begin_stage(k, 0, 1, spec, env);
    return lloyd(rows, squares, std::move(own), loop, env);
  }
  std::optional<StartRace::Start> raced;
  if (spec.raced()) raced = StartRace(rows, k, spec, env).best(k);
  Clustering best = raced ? run_winner(rows, std::move(*raced), squares, spec, loop, env)
                          : best_of_all(rows, k, squares, spec, loop, env);
  order_by_count(best);
  return best;
}

}  // namespace clientele
