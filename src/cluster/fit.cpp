#include <algorithm>
#include <numeric>

#include "centroids.h"
#include "clientele/base/errors.h"
#include "clientele/cluster/across_ranks.h"
#include "clientele/cluster/distinct.h"
#include "far_starts.h"
#include "lloyd.h"
#include "min_size.h"
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

LloydSpec loop_of(const ClusterSpec& spec) {
  return {.stop = spec.stop,
          .tolerance = spec.tolerance,
          .max_iterations = spec.max_iterations,
          .spherical = algorithm_facts()[static_cast<size_t>(spec.algorithm)].unit_rows};
}

/// The best of full runs, one a restart.
Clustering best_of_all(RowBlocks& rows, int k, const Starts& starts, const ClusterSpec& spec, Env& env) {
  Clustering best;
  for (int64_t restart = 0; restart < spec.restarts; ++restart) {
    std::string name = "k-means, k = " + std::to_string(k);
    if (spec.restarts > 1) name += ", start " + std::to_string(restart + 1) + " of " + std::to_string(spec.restarts);
    env.progress.stage(name, spec.max_iterations, "iterations");
    LloydRun run(rows, starts.squares, drawn_start(rows, k, spec, static_cast<uint32_t>(restart), env), loop_of(spec),
                 LloydRun::End::settled);
    use_labels(rows, 0, env);
    clear_labels(rows, env);
    run_together({&run, 1}, rows, env);
    Clustering clustering = run.result();
    clustering.restart = static_cast<int>(restart);
    if (restart == 0 || clustering.inertia < best.inertia) best = std::move(clustering);
  }
  return best;
}

/// One fit of a group, from its start.
struct Fitting {
  size_t place;  ///< in the group; also its label set
  const FitStart* start;
};

/// Runs in lockstep: first passes and far rows of starts found on a sample, then Lloyd.
void fit_in_lockstep(RowBlocks& rows, const std::vector<Fitting>& fittings, const Starts& starts,
                     const ClusterSpec& spec, std::vector<Clustering>& out, Env& env) {
  std::vector<FirstPass> firsts;
  for (const Fitting& fitting : fittings)
    if (!fitting.start->given)
      firsts.push_back({.centroids = fitting.start->centroids,
                        .restart = static_cast<uint32_t>(fitting.start->restart),
                        .set = static_cast<int>(fitting.place)});
  run_first_passes(firsts, rows, static_cast<uint64_t>(spec.seed), env);

  std::vector<LloydRun> runs;
  runs.reserve(fittings.size());  // passes refer to their runs
  size_t next = 0;
  for (const Fitting& fitting : fittings) {
    const bool raced = !fitting.start->given;
    const int set = static_cast<int>(fitting.place);
    runs.emplace_back(rows, starts.squares, raced ? firsts[next].centroids : fitting.start->centroids, loop_of(spec),
                      LloydRun::End::settled, set);
    if (raced) {
      runs.back().take(firsts[next++].pass, rows, env);
    } else {
      use_labels(rows, set, env);
      clear_labels(rows, env);
    }
  }
  run_together(runs, rows, env);
  next = 0;
  for (size_t i = 0; i < fittings.size(); ++i) {
    Clustering& result = out[fittings[i].place] = runs[i].result();
    result.restart = fittings[i].start->restart;
    result.start_rows = fittings[i].start->rows;
    if (!fittings[i].start->given) result.far_starts = firsts[next++].swaps;
  }
}

/// With the minimum size kept.
Clustering sized(RowBlocks& rows, Clustering fitted, std::span<const Int128> squares, const ClusterSpec& spec,
                 Env& env) {
  const bool may_drop = spec.given_start() || spec.k.front() == spec.k.back();
  return hold_min_size(rows, std::move(fitted), spec.min_weight(rows.total_weight(), rows.weight_bits), may_drop,
                       squares, loop_of(spec), static_cast<uint64_t>(spec.seed), env);
}

void refuse_too_many(RowBlocks& rows, std::span<const int> ks, Env& env) {
  const int64_t distinct = count_distinct_rows(rows, *std::max_element(ks.begin(), ks.end()), env);
  for (const int k : ks)
    if (distinct < k) throw_too_few_distinct(k, distinct);
}

FitStart given_start(RowBlocks& rows, int k, const ClusterSpec& spec, std::vector<float> given) {
  if (given.size() != static_cast<size_t>(k) * static_cast<size_t>(rows.d))
    throw Error(ErrorKind::internal, {.what = "starting centroids are not k x d"});
  if (loop_of(spec).spherical) make_unit(given, rows.d);
  return {.k = k, .centroids = std::move(given), .given = true};
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

Starts find_starts(RowBlocks& rows, std::span<const int> ks, const ClusterSpec& spec, const std::vector<float>& given,
                   Env& env) {
  refuse_too_many(rows, ks, env);
  Starts starts{.squares = square_sums(rows, env), .each = {}};
  if (!given.empty()) {
    starts.each.push_back(given_start(rows, ks[0], spec, given));
    return starts;
  }
  StartRace race(rows, *std::max_element(ks.begin(), ks.end()), spec, env);
  for (const int k : ks) starts.each.push_back(race.best(k));
  return starts;
}

std::vector<Clustering> fit_together(RowBlocks& rows, const Starts& starts, size_t first, size_t count,
                                     const ClusterSpec& spec, Env& env) {
  std::vector<Clustering> out(count);
  std::vector<Fitting> fittings;
  for (size_t i = 0; i < count; ++i) {
    const FitStart& start = starts.each[first + i];
    if (start.centroids.empty()) {
      out[i] = best_of_all(rows, start.k, starts, spec, env);
      continue;
    }
    fittings.push_back({i, &start});
  }
  if (!fittings.empty()) {
    std::string name = "k-means, k = " + std::to_string(fittings.front().start->k);
    if (fittings.size() > 1) name += " to " + std::to_string(fittings.back().start->k);
    env.progress.stage(name, spec.max_iterations * static_cast<int64_t>(fittings.size()), "iterations");
    fit_in_lockstep(rows, fittings, starts, spec, out, env);
  }
  for (size_t i = 0; i < count; ++i) {
    out[i] = sized(rows, std::move(out[i]), starts.squares, spec, env);
    if (!starts.each[first + i].given) order_by_count(out[i]);
  }
  return out;
}

Clustering fit(RowBlocks& rows, int k, const ClusterSpec& spec, const std::vector<float>& start, Env& env) {
  const Starts starts = find_starts(rows, {&k, 1}, spec, start, env);
  return std::move(fit_together(rows, starts, 0, 1, spec, env)[0]);
}

}  // namespace clientele
