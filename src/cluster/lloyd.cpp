#include "lloyd.h"

#include <algorithm>
#include <cstdio>

#include "centroids.h"
#include "clientele/base/errors.h"
#include "repair.h"

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

LloydRun::LloydRun(const RowBlocks& rows, std::span<const Int128> squares, std::vector<float> start,
                   const LloydSpec& spec, End end, int set)
    : spec_(spec),
      stop_(spec, rows),
      state_(begin(rows, squares, std::move(start))),
      drift_(state_.k),
      set_(set),
      settles_(end == End::settled) {}

void LloydRun::take(const PassResult& pass, RowBlocks& rows, Env& env) {
  const bool same_sums = add_deltas(pass, state_);
  if (!state_.stopped_by.empty()) {
    state_.settled = done_ = true;
  } else {
    update(rows, pass.moved, pass.rechecked, same_sums, env);
    state_.settled = state_.stopped_by == "strict";
    done_ = !state_.stopped_by.empty() && (state_.settled || !settles_);
  }
  if (!done_) return;
  end_fit(rows, env);
  close(rows, state_);
}

bool LloydRun::take_rounds(RowBlocks& rows, Env& env) {
  if (spec_.spherical || rows.pages != nullptr || env.comm.size() > 1 || !state_.stopped_by.empty()) return false;
  const int64_t most = stop_.rounds_ahead(state_);
  if (most < 2) return false;
  use_labels(rows, set_, env);
  const std::vector<PassResult> passes = env.backend.assign_ops().rounds(
      rows.blocks, {next().centroids, rows.scales, state_.sums, state_.counts, &drift_}, most);
  std::vector<float> labelled_to;
  size_t taken = 0;
  while (taken < passes.size() && !done_) {
    labelled_to = state_.centroids;
    take(passes[taken++], rows, env);
  }
  // The labels ran ahead of a cycle, which nobody could foresee.
  if (taken < passes.size()) assign_rows(rows, {labelled_to.data(), state_.k, state_.d}, nullptr, env);
  return taken > 0;
}

void LloydRun::update(RowBlocks& rows, int64_t moved, int64_t rechecked, bool same_sums, Env& env) {
  const double cost = inertia(rows, state_);
  std::vector<float> next = mean_centroids(rows, state_, spec_.spherical);
  use_labels(rows, set_, env);  // repair looks at them
  if (std::find(state_.counts.begin(), state_.counts.end(), 0) != state_.counts.end()) end_fit(rows, env);
  const Repair repair = repair_empty(rows, state_, next, env);
  state_.history.push_back({.inertia = cost,
                            .shift2 = squared_shift(state_.centroids, next),
                            .moved = moved,
                            .rechecked = rechecked,
                            .repaired = repair.changed});
  drift_.add(state_.centroids, next, state_.d);
  state_.centroids = std::move(next);
  state_.empty_left = repair.left;
  state_.stopped_by = stop_.reason(state_, same_sums);
  report(rows, state_, env.progress);
}

Clustering LloydRun::result() {
  return std::move(state_);
}

void run_together(std::span<LloydRun> runs, RowBlocks& rows, Env& env) {
  for (;;) {
    std::vector<LloydRun*> open;
    std::vector<Labelling> models;
    for (LloydRun& run : runs) {
      while (!run.done() && run.take_rounds(rows, env)) {
      }
      if (run.done()) continue;
      open.push_back(&run);
      models.push_back(run.next());
    }
    if (open.empty()) return;
    const std::vector<PassResult> passes = assign_rows(rows, models, env);
    for (size_t i = 0; i < open.size(); ++i) open[i]->take(passes[i], rows, env);
  }
}

Clustering lloyd(RowBlocks& rows, std::span<const Int128> squares, std::vector<float> start, const LloydSpec& spec,
                 Env& env) {
  LloydRun run(rows, squares, std::move(start), spec, LloydRun::End::at_stop);
  clear_labels(rows, env);
  run_together({&run, 1}, rows, env);
  return run.result();
}

Clustering lloyd(RowBlocks& rows, std::vector<float> start, const LloydSpec& spec, Env& env) {
  return lloyd(rows, square_sums(rows, env), std::move(start), spec, env);
}

}  // namespace clientele
