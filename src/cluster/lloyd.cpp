// Lloyd's algorithm (S. P. Lloyd, "Least squares quantization in PCM", 1957, IEEE Trans. Inf. Theory 28, 1982): the one
// loop.
#include "lloyd.h"

#include <cstdio>

#include "centroids.h"
#include "clientele/base/errors.h"
#include "pass.h"
#include "repair.h"
#include "stop.h"

namespace clientele {

namespace {

Clustering begin(const RowBlocks& rows, std::span<const Int128> squares, std::vector<float> start) {
  Clustering state;
  state.d = rows.d;
  state.k = static_cast<int>(start.size() / static_cast<size_t>(rows.d));
  if (start.empty() || start.size() % static_cast<size_t>(rows.d) != 0)
    throw Error(ErrorKind::internal, {.what = "starting centroids are not k x d"});
  state.centroids = std::move(start);
  state.sums.resize(state.centroids.size());
  state.counts.resize(static_cast<size_t>(state.k));
  state.rows.resize(static_cast<size_t>(state.k));
  state.square_sums.assign(squares.begin(), squares.end());
  return state;
}

/// True if sums and counts are what they were.
bool add_deltas(const PassResult& pass, Clustering& state) {
  bool same = true;
  for (size_t i = 0; i < state.sums.size(); ++i) {
    same = same && pass.sums[i].value() == 0;
    state.sums[i].add(pass.sums[i]);
  }
  for (size_t c = 0; c < state.counts.size(); ++c) {
    same = same && pass.counts[c] == 0;
    state.counts[c] += pass.counts[c];
    state.rows[c] += pass.rows[c];
  }
  return same && !state.history.empty();
}

double inertia(const RowBlocks& rows, const Clustering& state) {
  return exact_inertia(rows, state.square_sums, state.centroids, state.k, state.sums, state.counts);
}

void report(const RowBlocks& rows, const Clustering& state, Progress& progress) {
  const double share = static_cast<double>(state.history.back().moved) / static_cast<double>(rows.total_rows);
  char text[80];
  std::snprintf(text, sizeof text, "iteration %zu: %.2f %% of rows moved", state.history.size(), 100 * share);
  progress.advance(1);
  progress.note(text);
}

void close(const RowBlocks& rows, Clustering& state) {
  state.iterations = static_cast<int>(state.history.size());
  state.converged = state.stopped_by != "max_iterations" && state.stopped_by != "cycle";
  state.inertia = inertia(rows, state);
  for (const Iteration& iteration : state.history) state.empty_repairs += iteration.repaired;
  if (state.iterations < 2) return;
  const double before = state.history[state.history.size() - 2].inertia;
  if (before > 0) state.last_gain = (before - state.history.back().inertia) / before;
}

}  // namespace

Clustering lloyd(RowBlocks& rows, std::span<const Int128> squares, std::vector<float> start, const LloydSpec& spec,
                 Env& env, const PassResult* first) {
  Clustering state = begin(rows, squares, std::move(start));
  StopTest stop(spec, rows);
  if (first == nullptr) clear_labels(rows, env);
  Drift drift(state.k);
  while (state.stopped_by.empty()) {
    const bool at_hand = first != nullptr && state.history.empty();
    const PassResult pass =
        at_hand ? *first : assign_rows(rows, {state.centroids.data(), state.k, state.d}, &drift, env);
    const bool same_sums = add_deltas(pass, state);
    const double cost = inertia(rows, state);
    std::vector<float> next = mean_centroids(rows, state, spec.spherical);
    const Repair repair = repair_empty(rows, state, next, env);
    state.history.push_back({.inertia = cost,
                             .shift2 = squared_shift(state.centroids, next),
                             .moved = pass.moved,
                             .rechecked = pass.rechecked,
                             .repaired = repair.changed});
    drift.add(state.centroids, next, state.d);
    state.centroids = std::move(next);
    state.empty_left = repair.left;
    state.stopped_by = stop.reason(state, same_sums);
    report(rows, state, env.progress);
  }
  close(rows, state);
  return state;
}

Clustering lloyd(RowBlocks& rows, std::vector<float> start, const LloydSpec& spec, Env& env) {
  return lloyd(rows, square_sums(rows, env), std::move(start), spec, env);
}

}  // namespace clientele
