#include "lloyd.h"

#include <algorithm>
#include <cstdio>

#include "centroids.h"
#include "clientele/base/cancel.h"
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
  return take_all(env.backend.assign_ops().rounds(rows.blocks, ahead(rows).state, most), rows, env);
}

ModelRounds LloydRun::ahead(const RowBlocks& rows) const {
  // Centroids that are no means are the host's to find, and a pass that settles the run is its last.
  const bool one = spec_.spherical || !state_.stopped_by.empty();
  return {.state = {next().centroids, rows.scales, state_.sums, state_.counts, &drift_},
          .set = set_,
          .most = one ? 1 : stop_.rounds_ahead(state_)};
}

bool LloydRun::take_all(std::span<const PassResult> passes, RowBlocks& rows, Env& env) {
  std::vector<float> labelled_to;
  size_t taken = 0;
  while (taken < passes.size() && !done_) {
    labelled_to = state_.centroids;
    take(passes[taken++], rows, env);
  }
  // The labels ran ahead of a cycle, which nobody could foresee.
  if (taken < passes.size()) {
    use_labels(rows, set_, env);
    assign_rows(rows, {labelled_to.data(), state_.k, state_.d}, nullptr, env);
  }
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

namespace {

void run_alone(LloydRun& run, RowBlocks& rows, Env& env) {
  while (!run.done()) {
    check_cancel();  // a race's passes show no progress of their own
    if (run.take_rounds(rows, env)) continue;
    const Labelling model = run.next();
    run.take(assign_rows(rows, {&model, 1}, env)[0], rows, env);
  }
}

/// Rounds that the backend makes of several runs in the same reads of the rows. False if it makes none.
bool share_rounds(std::span<LloydRun> runs, RowBlocks& rows, Env& env) {
  std::vector<LloydRun*> open;
  std::vector<ModelRounds> models;
  for (LloydRun& run : runs) {
    if (run.done()) continue;
    open.push_back(&run);
    models.push_back(run.ahead(rows));
  }
  if (open.size() < 2) return false;
  const std::vector<std::vector<PassResult>> made = env.backend.assign_ops().rounds_together(rows.blocks, models);
  bool any = false;
  for (size_t i = 0; i < open.size(); ++i) any = open[i]->take_all(made[i], rows, env) || any;
  return any;
}

/// One pass of each in each read of the rows.
void run_in_lockstep(std::span<LloydRun> runs, RowBlocks& rows, Env& env) {
  for (;;) {
    std::vector<LloydRun*> open;
    std::vector<Labelling> models;
    for (LloydRun& run : runs) {
      if (run.done()) continue;
      open.push_back(&run);
      models.push_back(run.next());
    }
    if (open.empty()) return;
    const std::vector<PassResult> passes = assign_rows(rows, models, env);
    for (size_t i = 0; i < open.size(); ++i) open[i]->take(passes[i], rows, env);
  }
}

}  // namespace

void run_together(std::span<LloydRun> runs, RowBlocks& rows, Env& env) {
  if (any_rank_streams(rows, env)) return run_in_lockstep(runs, rows, env);
  while (env.comm.size() == 1 && share_rounds(runs, rows, env)) check_cancel();
  for (LloydRun& run : runs) run_alone(run, rows, env);
}

std::vector<Clustering> lloyd_together(RowBlocks& rows, std::span<const Int128> squares,
                                       std::vector<std::vector<float>> starts, const LloydSpec& spec, Env& env) {
  constexpr size_t kSets = kStartsTogether;
  std::vector<Clustering> results;
  for (size_t first = 0; first < starts.size(); first += kSets) {
    const size_t count = std::min(kSets, starts.size() - first);
    std::vector<LloydRun> runs;
    runs.reserve(count);  // passes refer to their runs
    for (size_t i = 0; i < count; ++i) {
      const int set = static_cast<int>(i);
      use_labels(rows, set, env);
      clear_labels(rows, env);
      runs.emplace_back(rows, squares, std::move(starts[first + i]), spec, LloydRun::End::at_stop, set);
    }
    run_together(runs, rows, env);
    drop_label_sets(rows, env);
    for (LloydRun& run : runs) results.push_back(run.result());
  }
  return results;
}

Clustering lloyd(RowBlocks& rows, std::span<const Int128> squares, std::vector<float> start, const LloydSpec& spec,
                 Env& env) {
  LloydRun run(rows, squares, std::move(start), spec, LloydRun::End::at_stop);
  use_labels(rows, 0, env);
  clear_labels(rows, env);
  run_together({&run, 1}, rows, env);
  return run.result();
}

Clustering lloyd(RowBlocks& rows, std::vector<float> start, const LloydSpec& spec, Env& env) {
  return lloyd(rows, square_sums(rows, env), std::move(start), spec, env);
}

}  // namespace clientele
