#include "min_size.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include "clientele/cluster/row_sample.h"
#include "clientele/cluster/two_means.h"
#include "lloyd.h"

namespace clientele {

namespace {

/// A part of a sample that stands for rows must have as many.
constexpr size_t kFewestSampled = 8;
/// Splits tried of one state.
constexpr size_t kMostTries = 4;
/// That rank the tries of a state.
constexpr int64_t kRaceRounds = 30;

/// A pair of centroids in place of one.
struct Split {
  size_t segment = 0;
  std::vector<float> low, high;
  double gain = 0;
};

std::vector<float> centroid_of(const std::vector<double>& mean) {
  return {mean.begin(), mean.end()};
}

/// Finds where one more centroid helps most, on a sample.
class SplitSearch {
 public:
  /// block: of the sample.
  SplitSearch(const RowSample& sample, RowBlocks& block, int64_t min_weight, bool spherical, Env& env)
      : sample_(sample),
        means_(sample.values, sample.d, sample.weight, spherical),
        block_(block),
        min_weight_(min_weight),
        env_(env) {}

  /// Of the segments that stay; the centroids of dissolved ones count for nothing. The largest gain first, ties by
  /// index.
  std::vector<Split> splits(const Clustering& state, std::span<const size_t> dissolved) {
    const std::vector<std::vector<int64_t>> members = members_of(state, dissolved);
    std::vector<Split> out;
    for (size_t c = 0; c < members.size(); ++c)
      if (std::optional<Split> split = split_of(c, members[c], state.counts[c])) out.push_back(std::move(*split));
    std::stable_sort(out.begin(), out.end(), [](const Split& x, const Split& y) { return x.gain > y.gain; });
    return out;
  }

 private:
  /// Positions in the sample, by segment of the centroids that stay.
  std::vector<std::vector<int64_t>> members_of(const Clustering& state, std::span<const size_t> dissolved) {
    std::vector<size_t> stay;
    std::vector<float> centroids;
    for (size_t c = 0; c < static_cast<size_t>(state.k); ++c) {
      if (std::find(dissolved.begin(), dissolved.end(), c) != dissolved.end()) continue;
      const auto centroid = state.centroids.begin() + static_cast<int64_t>(c) * state.d;
      centroids.insert(centroids.end(), centroid, centroid + state.d);
      stay.push_back(c);
    }
    std::vector<std::vector<int64_t>> out(static_cast<size_t>(state.k));
    if (stay.empty()) return out;
    clear_labels(block_, env_);
    const CentroidsView view{centroids.data(), static_cast<int>(stay.size()), state.d};
    const auto pass = env_.backend.assign_ops().start(view, block_.scales);
    pass->add(*block_.blocks[0]);
    pass->finish();
    std::vector<int32_t> labels(static_cast<size_t>(sample_.rows()));
    env_.backend.assign_ops().copy_labels(*block_.blocks[0], labels);
    for (size_t i = 0; i < labels.size(); ++i)
      out[stay[static_cast<size_t>(labels[i])]].push_back(static_cast<int64_t>(i));
    return out;
  }

  /// The better of two pairs: that of 2-means, and the means of the second and third quarter along the principal axis,
  /// which rows far out cannot pull apart. weight: of the whole segment, before it takes in rows of the dissolved one.
  std::optional<Split> split_of(size_t segment, const std::vector<int64_t>& members, int64_t weight) const {
    if (members.size() < 2 * kFewestSampled || weight < 2 * min_weight_) return {};
    const Sides halves = sides_of(means_, means_.cut(members), members);
    const std::vector<int64_t> order = means_.along_axis(members);
    const size_t quarter = order.size() / 4, half = order.size() / 2;
    const std::span<const int64_t> all(order);
    const std::vector<double> pairs[][2] = {{means_.mean(halves.low), means_.mean(halves.high)},
                                            {means_.mean(all.subspan(quarter, half - quarter)),
                                             means_.mean(all.subspan(half, order.size() - quarter - half))}};
    const double whole = means_.cost(members, means_.mean(members));
    std::optional<Split> best;
    for (const auto& [low, high] : pairs) {
      if (low.empty() || high.empty()) continue;
      const Sides sides = sides_of(means_, means_.between(low, high), members);
      const size_t smaller = std::min(sides.low.size(), sides.high.size());
      const double share = std::min(weight_of(sides.low), weight_of(sides.high)) / weight_of(members);
      if (smaller < kFewestSampled || share * static_cast<double>(weight) < static_cast<double>(min_weight_)) continue;
      const double gain = whole - means_.cost(sides.low, low) - means_.cost(sides.high, high);
      if (!best || gain > best->gain)
        best = Split{.segment = segment, .low = centroid_of(low), .high = centroid_of(high), .gain = gain};
    }
    return best;
  }

  double weight_of(std::span<const int64_t> members) const {
    int64_t sum = 0;
    for (const int64_t i : members) sum += sample_.weight[static_cast<size_t>(i)];
    return static_cast<double>(sum);
  }

  const RowSample& sample_;
  TwoMeans means_;
  RowBlocks& block_;
  int64_t min_weight_;
  Env& env_;
};

/// Lloyd's iteration that remembers the last centroids whose segments all kept the bound.
class BoundedLloyd {
 public:
  BoundedLloyd(RowBlocks& rows, int64_t min_weight, std::span<const Int128> squares, const LloydSpec& spec, Env& env)
      : rows_(rows), min_weight_(min_weight), squares_(squares), spec_(spec), env_(env) {}

  /// The last round that keeps the bound, with the centroids that it labelled the rows to; without one the end.
  Clustering run(std::vector<float> centroids) {
    LloydRun run(rows_, squares_, std::move(centroids), spec_, LloydRun::End::settled);
    use_labels(rows_, 0, env_);
    clear_labels(rows_, env_);
    std::optional<Clustering> kept;
    while (!run.done()) {
      std::vector<float> labelled_to = run.state().centroids;
      const Labelling model = run.next();
      run.take(assign_rows(rows_, model.centroids, model.drift, env_), rows_, env_);
      if (smallest_segment(run.state()) < min_weight_) continue;
      kept = run.state();
      kept->centroids = std::move(labelled_to);
    }
    Clustering last = run.result();
    if (!kept || smallest_segment(last) >= min_weight_) return last;
    kept->stopped_by = "min_size";
    kept->settled = true;
    kept->converged = false;  // more rounds would have changed it
    kept->inertia = exact_inertia(rows_, squares_, kept->centroids, kept->k, kept->sums, kept->counts);
    return std::move(*kept);
  }

 private:
  RowBlocks& rows_;
  int64_t min_weight_;
  std::span<const Int128> squares_;
  LloydSpec spec_;
  Env& env_;
};

std::vector<float> without_segment(const Clustering& state, size_t segment) {
  std::vector<float> out = state.centroids;
  const auto begin = out.begin() + static_cast<int64_t>(segment) * state.d;
  out.erase(begin, begin + state.d);
  return out;
}

/// The centroid of each dissolved segment goes to a split, as far as there are any.
std::vector<float> with_splits(const Clustering& state, std::span<const Split> splits,
                               std::span<const size_t> dissolved) {
  std::vector<float> out = state.centroids;
  for (size_t i = 0; i < std::min(splits.size(), dissolved.size()); ++i) {
    const Split& split = splits[i];
    std::copy(split.low.begin(), split.low.end(), out.begin() + static_cast<int64_t>(split.segment) * state.d);
    std::copy(split.high.begin(), split.high.end(), out.begin() + static_cast<int64_t>(dissolved[i]) * state.d);
  }
  return out;
}

/// Segments below the bound, the smallest first, ties by index.
std::vector<size_t> small_segments(const Clustering& state, int64_t min_weight) {
  std::vector<size_t> out;
  for (size_t c = 0; c < state.counts.size(); ++c)
    if (state.counts[c] < min_weight) out.push_back(c);
  std::stable_sort(out.begin(), out.end(), [&](size_t a, size_t b) { return state.counts[a] < state.counts[b]; });
  return out;
}

/// Weight that segments of these weights lack in all.
int64_t shortage(std::span<const int64_t> counts, int64_t min_weight) {
  int64_t out = 0;
  for (const int64_t count : counts) out += std::max<int64_t>(min_weight - count, 0);
  return out;
}

/// Where a state may go on from.
struct Try {
  std::vector<float> centroids;
  int64_t moves = 0;  ///< dissolved segments
  int64_t shortage = 0;
  double inertia = 0;
};

/// All small segments dissolved at once, then the smallest alone for each of the best splits.
std::vector<Try> tries_of(const Clustering& state, const std::vector<size_t>& small, SplitSearch& search) {
  std::vector<Try> out;
  if (small.size() > 1) {
    const std::vector<Split> splits = search.splits(state, small);
    if (!splits.empty())
      out.push_back({.centroids = with_splits(state, splits, small),
                     .moves = static_cast<int64_t>(std::min(splits.size(), small.size()))});
  }
  const std::span<const size_t> smallest(small.data(), 1);
  const std::vector<Split> splits = search.splits(state, smallest);
  for (size_t i = 0; i < std::min(splits.size(), kMostTries); ++i)
    out.push_back({.centroids = with_splits(state, std::span(splits).subspan(i), smallest), .moves = 1});
  return out;
}

/// Runs tries on a sample, so that only the best of them costs a run on all rows. Every rank does the same.
class TryRace {
 public:
  /// block: of the sample, with its weights.
  TryRace(RowBlocks& block, int64_t min_weight, const LloydSpec& spec, Env& env)
      : block_(block),
        min_weight_(min_weight),
        spec_(short_of(spec)),
        comm_(make_single_comm()),
        env_{.pool = env.pool,
             .backend = env.backend,
             .comm = *comm_,
             .progress = silent_,
             .block_rows = 0,
             .warnings = {}},
        squares_(square_sums(block, env_)) {}

  /// Sorts the tries by what they lack on the sample, then by inertia. Of those that lack no less there than the state
  /// does (`lacking`, its share of what the state lacks, or what it lacks there, whichever is more) only the first may
  /// stay: a segment has few rows of the sample, and whether they are enough is too much a matter of chance to decide
  /// alone.
  void order(std::vector<Try>& tries, const Clustering& state, int64_t lacking) {
    if (tries.empty()) return;
    BoundedLloyd lloyd(block_, min_weight_, squares_, spec_, env_);
    for (Try& each : tries) {
      const Clustering end = lloyd.run(each.centroids);
      each.shortage = shortage(end.counts, min_weight_);
      each.inertia = end.inertia;
    }
    std::stable_sort(tries.begin(), tries.end(), [](const Try& a, const Try& b) {
      return a.shortage != b.shortage ? a.shortage < b.shortage : a.inertia < b.inertia;
    });
    const int64_t most = std::max(lacking, lacking_of(state));
    const auto hopeless =
        std::find_if(tries.begin() + 1, tries.end(), [&](const Try& each) { return each.shortage >= most; });
    tries.erase(hopeless, tries.end());
  }

 private:
  /// What the state's segments lack on the sample.
  int64_t lacking_of(const Clustering& state) {
    clear_labels(block_, env_);
    const PassResult pass = assign_rows(block_, {state.centroids.data(), state.k, state.d}, nullptr, env_);
    return shortage(pass.counts, min_weight_);
  }

  static LloydSpec short_of(LloydSpec spec) {
    spec.max_iterations = std::min(spec.max_iterations, kRaceRounds);
    return spec;
  }

  RowBlocks& block_;
  int64_t min_weight_;
  LloydSpec spec_;
  std::unique_ptr<Comm> comm_;
  SilentProgress silent_;
  Env env_;
  std::vector<Int128> squares_;
};

/// The sample that stands for the rows, as a block of the backend.
struct Sampled {
  Sampled(RowBlocks& rows, int k, uint64_t seed, Env& env)
      : sample(draw_row_sample(rows, size_sample_rows(k), seed, env)), block(make_sample_blocks(sample, env)) {}
  /// As much of the sample's weight as `weight` is of that of all rows.
  int64_t share_of(int64_t weight, const RowBlocks& rows) const {
    const double all = static_cast<double>(block.total_weight());
    return static_cast<int64_t>(
        std::ceil(static_cast<double>(weight) * all / static_cast<double>(rows.total_weight())));
  }

  RowSample sample;
  RowBlocks block;
};

/// The fitted state with another's model and sizes. history: of all accepted runs.
Clustering concluded(Clustering fitted, Clustering state, std::vector<Iteration> history, int64_t moves) {
  Clustering out = std::move(fitted);
  out.dropped = out.k - state.k;
  out.size_moves = moves;
  const size_t rounds = state.history.size();  // of the last run alone
  out.last_gain = rounds > 1 && state.history[rounds - 2].inertia > 0
                      ? 1 - state.history[rounds - 1].inertia / state.history[rounds - 2].inertia
                      : 0;
  out.history = std::move(history);
  out.iterations = static_cast<int>(out.history.size());
  out.k = state.k;
  out.centroids = std::move(state.centroids);
  out.sums = std::move(state.sums);
  out.counts = std::move(state.counts);
  out.rows = std::move(state.rows);
  out.inertia = state.inertia;
  out.converged = state.converged;
  out.settled = state.settled;
  out.stopped_by = std::move(state.stopped_by);
  out.empty_repairs = 0;
  for (const Iteration& iteration : out.history) out.empty_repairs += iteration.repaired;
  out.empty_left = std::count(out.counts.begin(), out.counts.end(), 0);
  return out;
}

}  // namespace

int64_t smallest_segment(const Clustering& clustering) {
  return *std::min_element(clustering.counts.begin(), clustering.counts.end());
}

Clustering hold_min_size(RowBlocks& rows, Clustering fitted, int64_t min_weight, bool may_drop,
                         std::span<const Int128> squares, const LloydSpec& spec, uint64_t seed, Env& env) {
  if (min_weight < 1 || smallest_segment(fitted) >= min_weight || min_weight > rows.total_weight()) return fitted;
  env.progress.stage("minimum size, k = " + std::to_string(fitted.k), 0, "iterations");
  Sampled sampled(rows, fitted.k, seed, env);
  SplitSearch search(sampled.sample, sampled.block, min_weight, spec.spherical, env);
  TryRace race(sampled.block, sampled.share_of(min_weight, rows), spec, env);
  BoundedLloyd lloyd(rows, min_weight, squares, spec, env);
  Clustering state = fitted;
  std::vector<Iteration> history = state.history;
  int64_t moves = 0;
  while (smallest_segment(state) < min_weight) {
    const std::vector<size_t> small = small_segments(state, min_weight);
    std::vector<Try> tries = tries_of(state, small, search);
    race.order(tries, state, sampled.share_of(shortage(state.counts, min_weight), rows));
    std::optional<Clustering> next;
    for (size_t i = 0; i < tries.size() && !next; ++i) {
      Clustering end = lloyd.run(std::move(tries[i].centroids));
      if (shortage(end.counts, min_weight) >= shortage(state.counts, min_weight)) continue;
      moves += tries[i].moves;
      next = std::move(end);
    }
    if (!next) {
      if (!may_drop || state.k == 1) return fitted;
      next = lloyd.run(without_segment(state, small[0]));
      ++moves;
    }
    history.insert(history.end(), next->history.begin(), next->history.end());
    state = std::move(*next);
  }
  return concluded(std::move(fitted), std::move(state), std::move(history), moves);
}

}  // namespace clientele
