// Several rounds a call of the backend: a run must come out as it does pass by pass, also when the backend has gone on
// beyond the run's end.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "clientele/cluster/cluster.h"
#include "src/cluster/centroids.h"
#include "tests/cluster/same_fit.h"
#include "tests/support/forwarding_backend.h"
#include "tests/support/row_makers.h"
#include "tests/support/rows.h"

namespace clientele::test {
namespace {

/// The processor's operations, and rounds made of its passes.
class RoundsOps final : public AssignOps {
 public:
  /// beyond: rounds that are made on top of those asked for.
  RoundsOps(AssignOps& own, int64_t beyond) : own_(own), beyond_(beyond) {}

  std::vector<PassResult> rounds(std::span<const std::unique_ptr<RowBlock>> blocks, const LoopState& state,
                                 int64_t most) override {
    asked.push_back(most);
    return made(blocks, state, most + beyond_);
  }
  /// Of some models some of the time.
  std::vector<std::vector<PassResult>> rounds_together(std::span<const std::unique_ptr<RowBlock>> blocks,
                                                       std::span<const ModelRounds> models) override {
    std::vector<std::vector<PassResult>> results(models.size());
    ++calls;
    for (size_t i = 0; i < models.size(); ++i) {
      if ((static_cast<size_t>(calls) + i) % 4 == 3) continue;
      for (const auto& block : blocks) own_.use_labels(*block, models[i].set);
      results[i] = made(blocks, models[i].state, models[i].most + (models[i].most > 1 ? beyond_ : 0));
      shared += static_cast<int64_t>(results[i].size());
    }
    return results;
  }
  std::unique_ptr<AssignPass> start(const CentroidsView& centroids, std::span<const double> scales,
                                    const Drift* drift) override {
    return own_.start(centroids, scales, drift);
  }
  void use_labels(RowBlock& rows, int set) override { own_.use_labels(rows, set); }
  void drop_other_labels(RowBlock& rows) override { own_.drop_other_labels(rows); }
  void end_fit(RowBlock& rows) override { own_.end_fit(rows); }
  void clear_labels(RowBlock& rows) override { own_.clear_labels(rows); }
  void copy_labels(const RowBlock& rows, std::span<int32_t> out) override { own_.copy_labels(rows, out); }
  void publish(RowBlock& rows, const CentroidsView& centroids, const PublishedRows& out, PublishSums& sums) override {
    own_.publish(rows, centroids, out, sums);
  }
  void far_rows(const RowBlock& rows, const CentroidsView& centroids, int count, std::vector<FarRow>& best) override {
    own_.far_rows(rows, centroids, count, best);
  }
  void square_sums(const RowBlock& rows, std::span<const double> scales, std::span<Int128> sums) override {
    own_.square_sums(rows, scales, sums);
  }

  std::vector<int64_t> asked;

  int64_t calls = 0;   ///< of rounds_together
  int64_t shared = 0;  ///< passes that they made

 private:
  std::vector<PassResult> made(std::span<const std::unique_ptr<RowBlock>> blocks, const LoopState& state,
                               int64_t most) {
    Clustering at;
    at.k = state.centroids.k;
    at.d = state.centroids.d;
    at.centroids.assign(state.centroids.data, state.centroids.data + at.k * at.d);
    at.sums.assign(state.sums.begin(), state.sums.end());
    at.counts.assign(state.counts.begin(), state.counts.end());
    RowBlocks scales;
    scales.scales.assign(state.scales.begin(), state.scales.end());
    std::vector<PassResult> results;
    bool goes_on = true;
    while (goes_on && static_cast<int64_t>(results.size()) < most) {
      auto pass = own_.start({at.centroids.data(), at.k, at.d}, state.scales);
      for (const auto& block : blocks) pass->add(*block);
      results.push_back(pass->finish());
      goes_on = false;
      for (size_t i = 0; i < at.sums.size(); ++i) {
        goes_on = goes_on || results.back().sums[i].value() != 0;
        at.sums[i].add(results.back().sums[i]);
      }
      for (size_t c = 0; c < at.counts.size(); ++c) at.counts[c] += results.back().counts[c];
      goes_on = goes_on && std::find(at.counts.begin(), at.counts.end(), 0) == at.counts.end();
      at.centroids = mean_centroids(scales, at, false);
    }
    return results;
  }

  AssignOps& own_;
  int64_t beyond_;
};

class RoundsBackend final : public ForwardingBackend {
 public:
  RoundsBackend(Backend& own, int64_t beyond) : ForwardingBackend(own), ops(own.assign_ops(), beyond) {}
  AssignOps& assign_ops() override { return ops; }

  RoundsOps ops;
};

struct Outcome {
  Clustering clustering;
  std::vector<int32_t> labels;
  std::vector<int64_t> asked;
};

/// Of what `run` makes of the rows. beyond: as RoundsOps takes it; -1: pass by pass.
using Fitting = std::function<Clustering(RowBlocks& rows, std::vector<float> start, Env& env)>;
Outcome outcome_of(const Fitting& run, const Matrix& matrix, Space space, int k, int64_t beyond) {
  Workplace place;
  RoundsBackend backend(*place.backend, beyond);
  Env env{.pool = place.pool,
          .backend = beyond < 0 ? *place.backend : backend,
          .comm = *place.single,
          .progress = place.progress,
          .block_rows = 65536,
          .warnings = {}};
  RowBlocks rows = blocks_of(matrix, space, env);
  const oracle::Rows plain = read_back(rows, matrix, env);
  Outcome out{run(rows, {plain.x.begin(), plain.x.begin() + int64_t{k} * plain.d}, env), {}, backend.ops.asked};
  for (const auto& block : rows.blocks) {
    std::vector<int32_t> labels(static_cast<size_t>(block->rows()));
    env.backend.assign_ops().copy_labels(*block, labels);
    out.labels.insert(out.labels.end(), labels.begin(), labels.end());
  }
  return out;
}

/// Of one loop, which ends at its stop.
Outcome outcome(const Matrix& matrix, int k, const LloydSpec& spec, int64_t beyond, Space space = Space::centred) {
  const Fitting run = [&](RowBlocks& rows, std::vector<float> start, Env& env) {
    return lloyd(rows, std::move(start), spec, env);
  };
  return outcome_of(run, matrix, space, k, beyond);
}

/// Of a fit from the first k rows, which is settled after its stop.
Outcome fit_outcome(const Matrix& matrix, int k, const ClusterSpec& spec, int64_t beyond,
                    Space space = Space::centred) {
  const Fitting run = [&](RowBlocks& rows, const std::vector<float>& start, Env& env) {
    return fit(rows, k, spec, start, env);
  };
  return outcome_of(run, matrix, space, k, beyond);
}

void expect_same(const Outcome& found, const Outcome& expected) {
  EXPECT_EQ(found.labels, expected.labels);
  expect_same_fit(found.clustering, expected.clustering);
}

Matrix hard(oracle::Kind kind, bool weighted) {
  const oracle::Rows made = oracle::make_rows({.kind = kind, .n = 700, .d = 3, .k = 4});
  Matrix matrix{.n = made.n, .d = made.d, .x = made.x, .weights = {}};
  for (int64_t i = 0; weighted && i < made.n; ++i) matrix.weights.push_back(0.5 * static_cast<double>(i % 5));
  return matrix;
}

TEST(Rounds, EndAsPassByPassWhateverEndsThem) {
  const Matrix groups = mixture(3000, 4, 5, 4, 11);
  for (const LloydSpec& spec :
       {LloydSpec{}, LloydSpec{.stop = StopRule::inertia, .tolerance = 1e-3}, LloydSpec{.max_iterations = 5},
        LloydSpec{.stop = StopRule::moved, .tolerance = 0.01}, LloydSpec{.stop = StopRule::shift, .tolerance = 1e-3}}) {
    SCOPED_TRACE(static_cast<int>(spec.stop));
    const Outcome expected = outcome(groups, 7, spec, -1);
    for (const int64_t beyond : {0, 1, 6}) expect_same(outcome(groups, 7, spec, beyond), expected);
  }
}

TEST(Rounds, BeyondTheStopSettleAFit) {
  const Matrix groups = mixture(3000, 4, 5, 4, 11);
  for (const StopRule stop : {StopRule::strict, StopRule::inertia, StopRule::moved}) {
    for (const int64_t iterations : {5, 300}) {
      ClusterSpec spec;
      spec.stop = stop;
      spec.tolerance = 1e-3;
      spec.max_iterations = iterations;
      SCOPED_TRACE(static_cast<int>(stop));
      const Outcome expected = fit_outcome(groups, 7, spec, -1);
      EXPECT_TRUE(expected.clustering.settled);
      for (const int64_t beyond : {0, 1, 6}) {
        const Outcome found = fit_outcome(groups, 7, spec, beyond);
        expect_same(found, expected);
        EXPECT_EQ(found.asked.empty(), stop == StopRule::moved);
      }
    }
  }
}

/// One row far out makes integers of the sums of all others, so that their means can lead in a circle.
Matrix circling() {
  Matrix out{.n = 25, .d = 2, .x = {}, .weights = {}};
  out.x = {1.5f, 2.5f,   1.0f,   0.25f,  1.625f, 1.875f, 1.25f,  2.75f,  0x1p40f, 0x1p40f, 0.75f,  2.125f, 0.625f,
           1.0f, 0.25f,  1.25f,  0.875f, 0.5f,   0.125f, 2.75f,  1.5f,   2.375f,  1.625f,  1.625f, 0.125f, 1.0f,
           0.0f, 1.125f, 0.125f, 2.625f, 2.875f, 0.25f,  1.25f,  2.0f,   2.25f,   0.5f,    2.375f, 2.875f, 0.75f,
           1.0f, 1.125f, 2.875f, 1.75f,  2.375f, 0.25f,  0.125f, 1.125f, 1.75f,   1.625f,  1.75f};
  return out;
}

TEST(Rounds, ACycleEndsThem) {
  ClusterSpec spec;
  spec.stop = StopRule::strict;
  const Outcome end = outcome(circling(), 5, {}, -1, Space::as_is);
  const Outcome settled = fit_outcome(circling(), 5, spec, -1, Space::as_is);
  EXPECT_EQ(end.clustering.stopped_by, "cycle");
  EXPECT_EQ(settled.clustering.stopped_by, "cycle");
  EXPECT_NE(end.labels, settled.labels);
  for (const int64_t beyond : {0, 1, 6}) {
    expect_same(outcome(circling(), 5, {}, beyond, Space::as_is), end);
    expect_same(fit_outcome(circling(), 5, spec, beyond, Space::as_is), settled);
  }
}

TEST(Rounds, RepairsAndWeightsComeOutTheSame) {
  int64_t repairs = 0;
  for (const oracle::Kind kind : {oracle::Kind::lattice, oracle::Kind::equal, oracle::Kind::mixture}) {
    for (const bool weighted : {false, true}) {
      const Outcome expected = outcome(hard(kind, weighted), 9, {}, -1);
      repairs += expected.clustering.empty_repairs;
      for (const int64_t beyond : {0, 2}) expect_same(outcome(hard(kind, weighted), 9, {}, beyond), expected);
    }
  }
  EXPECT_GT(repairs, 0);
}

TEST(Rounds, AreAskedForAsFarAsTheRuleAllows) {
  const Matrix groups = mixture(3000, 4, 5, 4, 11);
  EXPECT_EQ(outcome(groups, 7, {.max_iterations = 40}, 0).asked, std::vector<int64_t>{40});
  const Outcome patient = outcome(groups, 7, {.stop = StopRule::inertia, .tolerance = 1e-3}, 0);
  ASSERT_GT(patient.clustering.iterations, 4);
  EXPECT_EQ(patient.asked.front(), 4);
  EXPECT_LT(patient.asked.size(), patient.clustering.history.size());
  EXPECT_TRUE(outcome(groups, 7, {.stop = StopRule::moved}, 0).asked.empty());
  EXPECT_TRUE(outcome(groups, 7, {.spherical = true}, 0).asked.empty());
}

TEST(Rounds, SharedByFitsOfSeveralKGiveEachItsOwnBytes) {
  const Matrix groups = mixture(3000, 4, 5, 4, 11);
  const std::vector<int> ks = {2, 3, 4, 7, 9};
  for (const LloydSpec& loop : {LloydSpec{}, LloydSpec{.stop = StopRule::inertia, .tolerance = 1e-3},
                                LloydSpec{.stop = StopRule::moved, .tolerance = 0.01}, LloydSpec{.spherical = true}}) {
    SCOPED_TRACE(testing::Message() << static_cast<int>(loop.stop) << (loop.spherical ? " spherical" : ""));
    const Space space = loop.spherical ? Space::unit : Space::centred;
    ClusterSpec spec;
    if (loop.spherical) spec.algorithm = ClusterSpec::Algorithm::spherical;
    spec.stop = loop.stop;
    spec.tolerance = loop.tolerance;
    spec.restarts = 2;
    spec.start_rows = 800;
    Workplace place;
    RowBlocks plain = blocks_of(groups, space, place.env);
    std::vector<Clustering> expected;
    for (const int k : ks) expected.push_back(fit(plain, k, spec, {}, place.env));
    for (const int64_t beyond : {0, 5}) {
      RoundsBackend backend(*place.backend, beyond);
      Env env{.pool = place.pool,
              .backend = backend,
              .comm = *place.single,
              .progress = place.progress,
              .block_rows = 1000,
              .warnings = {}};
      RowBlocks rows = blocks_of(groups, space, env);
      const Starts starts = find_starts(rows, ks, spec, {}, env);
      const std::vector<Clustering> found = fit_together(rows, starts, 0, ks.size(), spec, env);
      EXPECT_GT(backend.ops.shared, 10);
      for (size_t i = 0; i < ks.size(); ++i) {
        SCOPED_TRACE(ks[i]);
        expect_same({found[i], {}, {}}, {expected[i], {}, {}});
      }
    }
  }
}

}  // namespace
}  // namespace clientele::test
