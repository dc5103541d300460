// Labels, sums, publication and repair against the oracle, byte for byte.
#include <cmath>

#include "tests/contract/backend_contract.h"

namespace clientele::contract {

namespace {

std::vector<int32_t> labels_of(Backend& backend, const RowBlock& rows) {
  std::vector<int32_t> labels(static_cast<size_t>(rows.rows()));
  backend.assign_ops().copy_labels(rows, labels);
  return labels;
}

PassResult one_pass(Backend& backend, RowBlock& rows, const CentroidsView& centroids, std::span<const double> scales) {
  auto pass = backend.assign_ops().start(centroids, scales);
  pass->add(rows);
  return pass->finish();
}

std::vector<Int128> values_of(const std::vector<WideSum>& sums) {
  std::vector<Int128> values;
  for (const WideSum& sum : sums) values.push_back(sum.value());
  return values;
}

}  // namespace

TEST_P(BackendContract, FullPassEqualsOracle) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(oracle::name(c.shape));
    auto rows = load(c.rows);
    backend().assign_ops().clear_labels(*rows);
    const PassResult pass = one_pass(backend(), *rows, view(c, 0), c.scales);
    EXPECT_SAME_BYTES(labels_of(backend(), *rows), c.labels[0]);
    EXPECT_SAME_BYTES(values_of(pass.sums), oracle::sums(c.rows, c.labels[0], c.shape.k, c.scales));
    EXPECT_EQ(pass.counts, oracle::counts(c.rows, c.labels[0], c.shape.k, true));
    EXPECT_EQ(pass.rows, oracle::counts(c.rows, c.labels[0], c.shape.k, false));
    EXPECT_EQ(pass.moved, c.rows.n);
    EXPECT_EQ(pass.scanned, c.rows.n);
    EXPECT_LE(pass.rechecked, c.rows.n);
  }
}

TEST_P(BackendContract, DeltasOfTheNextPassMakeItsSums) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(oracle::name(c.shape));
    auto rows = load_labelled(c, 0);
    const PassResult pass = one_pass(backend(), *rows, view(c, 1), c.scales);
    EXPECT_SAME_BYTES(labels_of(backend(), *rows), c.labels[1]);
    std::vector<Int128> sums = oracle::sums(c.rows, c.labels[0], c.shape.k, c.scales);
    for (size_t i = 0; i < sums.size(); ++i) sums[i] += pass.sums[i].value();
    EXPECT_SAME_BYTES(sums, oracle::sums(c.rows, c.labels[1], c.shape.k, c.scales));
    int64_t moved = 0;
    for (size_t i = 0; i < c.labels[0].size(); ++i) moved += c.labels[0][i] != c.labels[1][i];
    EXPECT_EQ(pass.moved, moved);
    const auto before = oracle::counts(c.rows, c.labels[0], c.shape.k, true);
    const auto after = oracle::counts(c.rows, c.labels[1], c.shape.k, true);
    for (size_t s = 0; s < after.size(); ++s) EXPECT_EQ(before[s] + pass.counts[s], after[s]);
  }
}

/// The centroids on their way from the case's first set to its second: a stand-still, small steps, then the whole way.
std::vector<float> step_towards(const Case& c, int step, std::vector<float> centroids) {
  if (step == 0) return centroids;
  const float share = step < 7 ? 0.002f * static_cast<float>(step) : 1.0f;
  for (size_t i = 0; i < centroids.size(); ++i) centroids[i] += share * (c.centroids[1].x[i] - centroids[i]);
  return centroids;
}

TEST_P(BackendContract, PassesThatMaySkipRowsEqualFullOnes) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(oracle::name(c.shape));
    auto bounded = load(c.rows), full = load(c.rows);
    std::vector<float> centroids = c.centroids[0].x;
    Drift drift(c.shape.k);
    for (int step = 0; step < 10; ++step) {
      SCOPED_TRACE(step);
      const CentroidsView now{centroids.data(), c.shape.k, c.shape.d};
      auto pass = backend().assign_ops().start(now, c.scales, &drift);
      pass->add(*bounded);
      const PassResult found = pass->finish();
      const PassResult expected = one_pass(backend(), *full, now, c.scales);
      if (step % 3 == 2 || step == 9) {
        backend().assign_ops().end_fit(*bounded);
        ASSERT_EQ(first_difference(labels_of(backend(), *bounded), labels_of(backend(), *full)), -1);
      }
      EXPECT_SAME_BYTES(values_of(found.sums), values_of(expected.sums));
      EXPECT_EQ(found.counts, expected.counts);
      EXPECT_EQ(found.moved, expected.moved);
      EXPECT_LE(found.scanned, c.rows.n);
      const std::vector<float> before = centroids;
      centroids = step_towards(c, step, std::move(centroids));
      drift.add(before, centroids, c.shape.d);
    }
  }
}

/// On label slots of their own of the same rows. One stands still, so that what holds for its rows would mislead the
/// other one, which moves.
TEST_P(BackendContract, FitsThatTakeTurnsHaveTheirOwnLabels) {
  AssignOps& ops = backend().assign_ops();
  for (const Case& c : cases()) {
    if (c.rows.n < 300 || c.rows.n > 1000 || c.shape.k * c.shape.d > 100)
      continue;  // the others cost more than they show
    SCOPED_TRACE(oracle::name(c.shape));
    const auto shared = load(c.rows);
    const std::unique_ptr<RowBlock> alone[] = {load(c.rows), load(c.rows)};
    std::vector<float> centroids[] = {c.centroids[1].x, c.centroids[0].x};
    Drift drifts[] = {Drift(c.shape.k), Drift(c.shape.k)};
    for (const int fit : {1, 0}) {
      ops.use_labels(*shared, fit);
      ops.clear_labels(*shared);
    }
    for (int step = 0; step < 8; ++step) {
      for (const int fit : {0, 1}) {
        SCOPED_TRACE(testing::Message() << "step " << step << " of fit " << fit);
        const CentroidsView now{centroids[fit].data(), c.shape.k, c.shape.d};
        ops.use_labels(*shared, fit);
        auto pass = ops.start(now, c.scales, &drifts[fit]);
        pass->add(*shared);
        const PassResult found = pass->finish(), expected = one_pass(backend(), *alone[fit], now, c.scales);
        ASSERT_EQ(first_difference(labels_of(backend(), *shared), labels_of(backend(), *alone[fit])), -1);
        EXPECT_SAME_BYTES(values_of(found.sums), values_of(expected.sums));
        EXPECT_EQ(found.counts, expected.counts);
        EXPECT_EQ(found.moved, expected.moved);
        const std::vector<float> before = centroids[fit];
        if (fit == 1) centroids[fit] = step_towards(c, step, std::move(centroids[fit]));
        drifts[fit].add(before, centroids[fit], c.shape.d);
      }
    }
    ops.end_fit(*shared);
    ops.drop_other_labels(*shared);
    const std::vector<int32_t> kept = labels_of(backend(), *alone[1]);
    EXPECT_SAME_BYTES(labels_of(backend(), *shared), kept);
    ops.use_labels(*shared, 1);
    EXPECT_SAME_BYTES(labels_of(backend(), *shared), std::vector<int32_t>(kept.size(), -1));
    ops.use_labels(*shared, 0);
    EXPECT_SAME_BYTES(labels_of(backend(), *shared), kept);
  }
}

TEST_P(BackendContract, SeparatedRowsAreRarelyRechecked) {
  const Case& c = cases()[9];
  auto rows = load(c.rows);
  backend().assign_ops().clear_labels(*rows);
  EXPECT_LT(one_pass(backend(), *rows, view(c, 0), c.scales).rechecked, c.rows.n / 100);
}

TEST_P(BackendContract, PublishEqualsOracle) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(oracle::name(c.shape));
    auto rows = load(c.rows);
    const size_t n = static_cast<size_t>(c.rows.n);
    std::vector<int32_t> label(n), second(n), expected_second;
    std::vector<float> distance(n), margin(n), expected_distance, expected_margin;
    std::vector<double> margins, distances;  // times m
    PublishSums sums;
    backend().assign_ops().publish(*rows, view(c, 1), {label, distance, second, margin}, sums);
    for (const oracle::Nearest& nearest : c.nearest[1]) {
      const double m = double(c.rows.weight(int64_t(margins.size())));
      expected_second.push_back(nearest.second);
      expected_distance.push_back(float(std::sqrt(nearest.first_d2)));
      expected_margin.push_back(float(oracle::margin(nearest)));
      distances.push_back(m * std::sqrt(nearest.first_d2));
      margins.push_back(m * oracle::margin(nearest));
    }
    EXPECT_SAME_BYTES(label, c.labels[1]);
    EXPECT_SAME_BYTES(labels_of(backend(), *rows), c.labels[1]);
    EXPECT_SAME_BYTES(second, expected_second);
    EXPECT_SAME_BYTES(distance, expected_distance);
    EXPECT_SAME_BYTES(margin, expected_margin);
    EXPECT_SAME_BYTES(sums.margin_blocks, oracle::block_sums(margins));
    for (int s = 0; s < c.shape.k; s += std::max(1, c.shape.k / 8)) {
      std::vector<double> found;
      for (const auto& block : sums.distance_blocks) found.push_back(block[size_t(s)]);
      EXPECT_SAME_BYTES(found, oracle::block_sums_of(distances, c.labels[1], s));
    }
  }
}

TEST_P(BackendContract, PublishSkipsWhatIsNotWanted) {
  const Case& c = cases()[3];
  auto rows = load(c.rows);
  PublishSums sums;
  backend().assign_ops().publish(*rows, view(c, 0), {}, sums);
  EXPECT_SAME_BYTES(labels_of(backend(), *rows), c.labels[0]);
  EXPECT_EQ(sums.margin_blocks.size(), 1u);
}

TEST_P(BackendContract, FarRowsEqualOracle) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(oracle::name(c.shape));
    auto rows = load_labelled(c, 0);
    for (const int count : {1, 4}) {
      std::vector<FarRow> best;
      backend().assign_ops().far_rows(*rows, view(c, 1), count, best);
      static Remembered<std::vector<FarRow>> remembered;
      const auto& expected = remembered(oracle::name(c.shape) + std::to_string(count),
                                        [&] { return oracle::far_rows(c.rows, c.centroids[1], c.labels[0], count); });
      ASSERT_EQ(best.size(), expected.size());
      for (size_t i = 0; i < best.size(); ++i) {
        EXPECT_EQ(best[i].row, expected[i].row);
        EXPECT_EQ(best[i].d2, expected[i].d2);
        EXPECT_SAME_BYTES(best[i].values, expected[i].values);
      }
    }
  }
}

TEST_P(BackendContract, FarRowsMergeAcrossBlocks) {
  const Case& c = cases()[8];
  auto rows = load_labelled(c, 0);
  std::vector<FarRow> best = {{1e9, 100000, std::vector<float>(size_t(c.shape.d), 7.f)}};
  backend().assign_ops().far_rows(*rows, view(c, 1), 2, best);
  ASSERT_EQ(best.size(), 2u);
  EXPECT_EQ(best[0].row, 100000);
  EXPECT_EQ(best[1].row, oracle::far_rows(c.rows, c.centroids[1], c.labels[0], 1)[0].row);
}

TEST_P(BackendContract, SquareSumsEqualOracle) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(oracle::name(c.shape));
    auto rows = load(c.rows);
    std::vector<Int128> sums(size_t(c.shape.d), Int128{5});
    backend().assign_ops().square_sums(*rows, c.scales, sums);
    std::vector<Int128> expected = oracle::square_sums(c.rows, c.scales);
    for (Int128& sum : expected) sum += 5;
    EXPECT_SAME_BYTES(sums, expected);
  }
}

}  // namespace clientele::contract
