#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "clientele/base/errors.h"
#include "clientele/cluster/across_ranks.h"
#include "clientele/cluster/cluster.h"
#include "tests/support/oracle.h"
#include "tests/support/rows.h"

namespace clientele::test {
namespace {

/// Greedy k-means++ by its definition.
std::vector<float> slow_seeding(const oracle::Rows& rows, int k, uint64_t seed, uint32_t restart) {
  std::vector<double> min_d2(static_cast<size_t>(rows.n), HUGE_VAL);
  std::vector<float> out;
  const uint32_t trials = 2 + static_cast<uint32_t>(std::log(k));
  for (uint32_t step = 0; step < static_cast<uint32_t>(k); ++step) {
    double best = HUGE_VAL;
    int64_t chosen = -1;
    for (uint32_t trial = 0; trial < (step == 0 ? 1 : trials); ++trial) {
      const int64_t row = oracle::draw(rows, {seed, Purpose::seeding, restart, step, trial}, min_d2).row;
      std::vector<double> terms;
      for (int64_t i = 0; i < rows.n; ++i)
        terms.push_back(static_cast<double>(rows.weight(i)) *
                        std::min(min_d2[static_cast<size_t>(i)], oracle::d2(rows.row(i), rows.row(row), rows.d)));
      const double potential = CanonicalSum::merge(oracle::block_sums(terms));
      if (chosen >= 0 && potential >= best) continue;
      best = potential;
      chosen = row;
    }
    out.insert(out.end(), rows.row(chosen), rows.row(chosen) + rows.d);
    for (int64_t i = 0; i < rows.n; ++i)
      min_d2[static_cast<size_t>(i)] =
          std::min(min_d2[static_cast<size_t>(i)], oracle::d2(rows.row(i), rows.row(chosen), rows.d));
  }
  return out;
}

std::vector<float> slow_random(const oracle::Rows& rows, int k, uint64_t seed, uint32_t restart) {
  std::vector<int64_t> chosen;
  std::set<std::vector<float>> seen;
  for (const auto& [bits, row] : oracle::smallest_keys(rows, {seed, Purpose::random_start, restart, 0, 0}, rows.n))
    if (static_cast<int>(chosen.size()) < k && seen.emplace(rows.row(row), rows.row(row) + rows.d).second)
      chosen.push_back(row);
  std::sort(chosen.begin(), chosen.end());
  std::vector<float> out;
  for (const int64_t row : chosen) out.insert(out.end(), rows.row(row), rows.row(row) + rows.d);
  return out;
}

Matrix weighted_mixture() {
  Matrix matrix = mixture(1200, 3, 5, 6, 41);
  for (int64_t i = 0; i < matrix.n; ++i) matrix.weights.push_back(static_cast<double>(i % 4));
  return matrix;
}

TEST(Seeding, KmeansPlusPlusEqualsTheOracle) {
  for (const Matrix& matrix : {mixture(1200, 3, 5, 6, 41), weighted_mixture()}) {
    Workplace place;
    RowBlocks rows = blocks_of(matrix, Space::centred, place.env);
    const oracle::Rows plain = read_back(rows, matrix, place.env);
    for (const int k : {1, 2, 8})
      EXPECT_EQ(seed_kmeans_plus_plus(rows, k, 5, 3, place.env), slow_seeding(plain, k, 5, 3)) << k;
  }
}

TEST(Seeding, RandomEqualsTheOracle) {
  Matrix doubled = mixture(300, 2, 3, 5, 42);
  for (int64_t i = 30; i < doubled.n; ++i)  // nearly all rows are equal to one of 30
    for (int64_t j = 0; j < 2; ++j)
      doubled.x[static_cast<size_t>(i * 2 + j)] = doubled.x[static_cast<size_t>(i % 30 * 2 + j)];
  for (const Matrix& matrix : {weighted_mixture(), doubled}) {
    Workplace place;
    RowBlocks rows = blocks_of(matrix, Space::as_is, place.env);
    const oracle::Rows plain = read_back(rows, matrix, place.env);
    for (const int k : {1, 7, 30}) EXPECT_EQ(seed_random(rows, k, 9, 2, place.env), slow_random(plain, k, 9, 2)) << k;
  }
}

TEST(Seeding, RandomFindsTheRareRowsAmongManyEqualOnes) {
  Matrix matrix{.n = 20'000, .d = 1, .x = std::vector<float>(20'000, 1), .weights = {}};
  matrix.x[7] = 2;
  matrix.x[15'000] = 3;
  Workplace place;
  RowBlocks rows = blocks_of(matrix, Space::as_is, place.env);
  std::vector<float> start = seed_random(rows, 3, 1, 0, place.env);
  std::sort(start.begin(), start.end());
  EXPECT_EQ(start, (std::vector<float>{1, 2, 3}));
}

TEST(Seeding, RestartsAndSeedsDraw) {
  Workplace place;
  const Matrix matrix = mixture(1000, 3, 5, 6, 43);
  RowBlocks rows = blocks_of(matrix, Space::centred, place.env);
  const std::vector<float> one = seed_kmeans_plus_plus(rows, 4, 1, 0, place.env);
  EXPECT_EQ(seed_kmeans_plus_plus(rows, 4, 1, 0, place.env), one);
  EXPECT_NE(seed_kmeans_plus_plus(rows, 4, 1, 1, place.env), one);
  EXPECT_NE(seed_kmeans_plus_plus(rows, 4, 2, 0, place.env), one);
}

TEST(Seeding, IsTheSameForAnyNumberOfRanks) {
  const Matrix matrix = mixture(140000, 3, 6, 5, 44);
  std::vector<std::vector<float>> plus(5), random(5);
  for (const int ranks : {1, 2, 4})
    on_ranks(ranks, {.threads = 1, .block_rows = 65536}, [&](Env& env) {
      RowBlocks rows = blocks_of(matrix, Space::as_is, env);
      const std::vector<float> a = seed_kmeans_plus_plus(rows, 6, 7, 0, env);
      const std::vector<float> b = seed_random(rows, 6, 7, 0, env);
      if (env.comm.rank() + 1 < ranks) return;
      plus[static_cast<size_t>(ranks)] = a;
      random[static_cast<size_t>(ranks)] = b;
    });
  for (const size_t ranks : {2u, 4u}) {
    EXPECT_EQ(plus[ranks], plus[1]);
    EXPECT_EQ(random[ranks], random[1]);
  }
}

Matrix three_distinct() {
  Matrix matrix{.n = 90, .d = 2, .x = {}, .weights = {}};
  for (int i = 0; i < 90; ++i) {
    matrix.x.push_back(static_cast<float>(i % 3));
    matrix.x.push_back(5);
  }
  return matrix;
}

TEST(Seeding, KAboveTheNumberOfDistinctRowsIsAnInputError) {
  Workplace place;
  RowBlocks rows = blocks_of(three_distinct(), Space::as_is, place.env);
  for (const std::string init : {"kmeans++", "random"}) {
    ClusterSpec spec;
    spec.init = init;
    EXPECT_EQ(fit(rows, 3, spec, {}, place.env).inertia, 0);
    try {
      fit(rows, 4, spec, {}, place.env);
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::input);
      EXPECT_NE(std::string(error.what()).find("k = 4"), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find("3 distinct rows"), std::string::npos) << error.what();
    }
  }
  EXPECT_THROW(seed_kmeans_plus_plus(rows, 4, 0, 0, place.env), Error);
  EXPECT_THROW(seed_random(rows, 4, 0, 0, place.env), Error);
}

TEST(Seeding, RowsOfNoWeightNeverSeed) {
  Matrix matrix = three_distinct();
  for (int i = 0; i < 90; ++i) matrix.weights.push_back(i % 3 == 1 ? 0 : 1);
  Workplace place;
  RowBlocks rows = blocks_of(matrix, Space::as_is, place.env);
  EXPECT_EQ(seed_random(rows, 2, 0, 0, place.env).size(), 4u);
  EXPECT_THROW(fit(rows, 3, {}, {}, place.env), Error);
}

TEST(Seeding, GivenCentroidsMoveToTheEnginesSpace) {
  Workplace place;
  const Matrix matrix = mixture(500, 2, 2, 5, 45);
  const RowBlocks rows = blocks_of(matrix, Space::centred, place.env);
  const std::vector<double> given = {1, 2, 3, 4};
  const std::vector<float> moved = engine_centroids(given, rows);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(moved[i], static_cast<float>(given[i] - rows.means[i % 2]));
  EXPECT_THROW(engine_centroids(std::vector<double>{1, HUGE_VAL}, rows), Error);
}

}  // namespace
}  // namespace clientele::test
