#include <gtest/gtest.h>

#include <cmath>

#include "clientele/cluster/cluster.h"
#include "tests/cluster/lloyd_oracle.h"
#include "tests/support/iris.h"
#include "tests/support/row_makers.h"
#include "tests/support/rows.h"

namespace clientele::test {
namespace {

std::vector<float> first_rows(const oracle::Rows& rows, int k) {
  return {rows.x.begin(), rows.x.begin() + int64_t{k} * rows.d};
}

std::vector<Int128> values(const std::vector<WideSum>& sums) {
  std::vector<Int128> out;
  for (const WideSum& sum : sums) out.push_back(sum.value());
  return out;
}

void expect_equals_oracle(const Matrix& matrix, Space space, int k, bool spherical) {
  Workplace place;
  RowBlocks rows = blocks_of(matrix, space, place.env);
  const oracle::Rows plain = read_back(rows, matrix, place.env);
  const std::vector<float> start = first_rows(plain, k);
  const SlowFit slow = slow_lloyd(plain, start, 100, spherical);
  const Clustering fast = lloyd(rows, start, {.max_iterations = 100, .spherical = spherical}, place.env);
  EXPECT_EQ(fast.iterations, slow.iterations);
  EXPECT_EQ(fast.converged, slow.converged);
  EXPECT_EQ(fast.centroids, slow.centroids);
  EXPECT_EQ(values(fast.sums), slow.sums);
  EXPECT_EQ(fast.counts, slow.counts);
  EXPECT_EQ(fast.empty_repairs, slow.repairs);
  const long double inertia = slow_inertia(plain, slow.labels, slow.centroids) * std::ldexp(1.0L, -rows.weight_bits);
  EXPECT_NEAR(fast.inertia, static_cast<double>(inertia), 1e-9 * static_cast<double>(inertia) + 1e-30);
}

TEST(Lloyd, EqualsTheOracle) {
  for (const int k : {1, 2, 5, 13}) expect_equals_oracle(mixture(1500, 3, 5, 6, 7), Space::centred, k, false);
}

TEST(Lloyd, EqualsTheOracleInOtherSpaces) {
  expect_equals_oracle(mixture(900, 7, 4, 6, 8), Space::as_is, 6, false);
  expect_equals_oracle(mixture(900, 5, 4, 6, 9), Space::unit, 6, true);
  expect_equals_oracle(iris(), Space::centred, 3, false);
}

TEST(Lloyd, EqualsTheOracleOnHardRows) {
  for (const oracle::Kind kind : {oracle::Kind::lattice, oracle::Kind::bisector, oracle::Kind::tiny,
                                  oracle::Kind::offset, oracle::Kind::huge, oracle::Kind::equal}) {
    const oracle::Rows made = oracle::make_rows({.kind = kind, .n = 400, .d = 3, .k = 4});
    SCOPED_TRACE(static_cast<int>(kind));
    expect_equals_oracle({.n = made.n, .d = made.d, .x = made.x, .weights = {}}, Space::as_is, 5, false);
  }
}

TEST(Lloyd, EqualsTheOracleWithWeights) {
  Matrix matrix = mixture(800, 3, 4, 5, 11);
  for (int64_t i = 0; i < matrix.n; ++i)
    matrix.weights.push_back(i % 7 == 0 ? 0 : oracle::uniform(5, static_cast<uint64_t>(i)) * 3);
  expect_equals_oracle(matrix, Space::centred, 5, false);
}

TEST(Lloyd, InertiaIsExactFarFromTheOrigin) {
  // |x|^2 - 2xc + c^2 in float32 gives 0.049 for 1.0006 here.
  Matrix matrix{.n = 2000, .d = 1, .x = {}, .weights = {}};
  for (int64_t i = 0; i < matrix.n; ++i)
    matrix.x.push_back(
        static_cast<float>(1000 + 0.001 * (i % 2 == 0 ? 1 : -1) * (1 + 1e-3 * static_cast<double>(i % 10))));
  Workplace place;
  RowBlocks rows = blocks_of(matrix, Space::as_is, place.env);
  const Clustering fit = lloyd(rows, {1000}, {}, place.env);
  const oracle::Rows plain = read_back(rows, matrix, place.env);
  const long double truth = slow_inertia(plain, std::vector<int32_t>(2000, 0), fit.centroids);
  EXPECT_NEAR(fit.inertia, static_cast<double>(truth), 1e-12 * static_cast<double>(truth));
}

TEST(Lloyd, InertiaOfACentroidFarOutsideTheData) {
  const Matrix matrix = mixture(500, 2, 2, 3, 4);
  Workplace place;
  RowBlocks rows = blocks_of(matrix, Space::as_is, place.env);
  const std::vector<float> start = {1e9f, -3e9f};
  const Clustering fit = lloyd(rows, start, {.max_iterations = 1}, place.env);
  const oracle::Rows plain = read_back(rows, matrix, place.env);
  const long double truth = slow_inertia(plain, std::vector<int32_t>(500, 0), start);
  EXPECT_NEAR(fit.history[0].inertia, static_cast<double>(truth), 1e-12 * static_cast<double>(truth));
}

TEST(Lloyd, InertiaNeverRisesWithoutRepair) {
  const Matrix matrix = mixture(3000, 4, 6, 4, 21);
  Workplace place;
  RowBlocks rows = blocks_of(matrix, Space::centred, place.env);
  const oracle::Rows plain = read_back(rows, matrix, place.env);
  const Clustering fit = lloyd(rows, first_rows(plain, 8), {}, place.env);
  ASSERT_GT(fit.history.size(), 3u);
  for (size_t i = 1; i < fit.history.size(); ++i)
    EXPECT_LE(fit.history[i].inertia, fit.history[i - 1].inertia * (1 + 1e-9));
}

TEST(Lloyd, TheResultIsAFixedPoint) {
  const Matrix matrix = mixture(3000, 4, 6, 4, 22);
  Workplace place;
  RowBlocks rows = blocks_of(matrix, Space::centred, place.env);
  const oracle::Rows plain = read_back(rows, matrix, place.env);
  const Clustering fit = lloyd(rows, first_rows(plain, 7), {}, place.env);
  ASSERT_EQ(fit.stopped_by, "strict");
  const Clustering again = lloyd(rows, fit.centroids, {}, place.env);
  EXPECT_EQ(again.iterations, 2);
  EXPECT_EQ(again.centroids, fit.centroids);
  EXPECT_EQ(values(again.sums), values(fit.sums));
}

struct RuleCase {
  StopRule rule;
  const char* name;
  double tolerance;
};

class StopRules : public testing::TestWithParam<RuleCase> {};

/// What a rule looks at after iteration `last`, against its tolerance.
bool met(const RuleCase& rule, const std::vector<Iteration>& history, size_t last, const RowBlocks& rows) {
  double variance = 0;
  for (const double v : rows.variances) variance += v / static_cast<double>(rows.d);
  if (rule.rule == StopRule::shift) return history[last].shift2 <= rule.tolerance * variance;
  if (rule.rule == StopRule::moved)
    return static_cast<double>(history[last].moved) / static_cast<double>(rows.total_rows) <= rule.tolerance;
  return last > 0 && 1 - history[last].inertia / history[last - 1].inertia <= rule.tolerance;
}

TEST_P(StopRules, StopAtTheFirstIterationThatMeetsThem) {
  const Matrix matrix = mixture(4000, 4, 6, 3, 23);
  Workplace place;
  RowBlocks rows = blocks_of(matrix, Space::centred, place.env);
  const oracle::Rows plain = read_back(rows, matrix, place.env);
  const LloydSpec spec{.stop = GetParam().rule, .tolerance = GetParam().tolerance, .patience = 1};
  const Clustering fit = lloyd(rows, first_rows(plain, 9), spec, place.env);
  const Clustering strict = lloyd(rows, first_rows(plain, 9), {}, place.env);
  EXPECT_EQ(fit.stopped_by, GetParam().name);
  EXPECT_TRUE(fit.converged);
  EXPECT_LT(fit.iterations, strict.iterations);
  EXPECT_GT(fit.iterations, 2);
  for (size_t i = 0; i < fit.history.size(); ++i)
    EXPECT_EQ(met(GetParam(), fit.history, i, rows), i + 1 == fit.history.size()) << i;
}

INSTANTIATE_TEST_SUITE_P(Rules, StopRules,
                         testing::Values(RuleCase{StopRule::shift, "shift", 1e-3},
                                         RuleCase{StopRule::inertia, "inertia", 1e-3},
                                         RuleCase{StopRule::moved, "moved", 1e-2}));

TEST(Lloyd, MaxIterationsIsNoConvergence) {
  const Matrix matrix = mixture(4000, 4, 6, 3, 23);
  Workplace place;
  RowBlocks rows = blocks_of(matrix, Space::centred, place.env);
  const Clustering fit =
      lloyd(rows, first_rows(read_back(rows, matrix, place.env), 9), {.max_iterations = 3}, place.env);
  EXPECT_EQ(fit.iterations, 3);
  EXPECT_FALSE(fit.converged);
  EXPECT_EQ(fit.stopped_by, "max_iterations");
}

TEST(Lloyd, StrictEndsEveryRule) {
  const Matrix matrix = mixture(300, 2, 3, 8, 24);
  Workplace place;
  RowBlocks rows = blocks_of(matrix, Space::centred, place.env);
  const std::vector<float> start = first_rows(read_back(rows, matrix, place.env), 3);
  const Clustering strict = lloyd(rows, start, {}, place.env);
  const Clustering fit = lloyd(rows, start, {.stop = StopRule::inertia, .tolerance = 0}, place.env);
  EXPECT_EQ(fit.centroids, strict.centroids);
  EXPECT_EQ(fit.iterations, strict.iterations);
}

}  // namespace
}  // namespace clientele::test
