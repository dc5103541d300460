#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "clientele/base/errors.h"
#include "clientele/cluster/cluster.h"
#include "tests/cluster/lloyd_oracle.h"
#include "tests/support/iris.h"
#include "tests/support/row_makers.h"
#include "tests/support/rows.h"

namespace clientele::test {
namespace {

TEST(Fit, TakesTheBestRestartAndOrdersBySize) {
  const Matrix matrix = mixture(2000, 2, 6, 8, 51);
  Workplace place;
  RowBlocks rows = blocks_of(matrix, Space::centred, place.env);
  ClusterSpec spec;
  spec.stop = StopRule::strict;
  spec.restarts = 6;
  spec.seed = 3;
  const Clustering best = fit(rows, 6, spec, {}, place.env);
  double least = HUGE_VAL;
  int winner = -1;
  for (uint32_t restart = 0; restart < 6; ++restart) {
    const Clustering one = lloyd(rows, seed_kmeans_plus_plus(rows, 6, 3, restart, place.env), {}, place.env);
    if (one.inertia < least) {
      least = one.inertia;
      winner = static_cast<int>(restart);
    }
  }
  EXPECT_EQ(best.inertia, least);
  EXPECT_EQ(best.restart, winner);
  EXPECT_TRUE(std::is_sorted(best.counts.rbegin(), best.counts.rend()));
  // The order of segments is all that changed.
  std::vector<WideSum> sums = best.sums;
  EXPECT_EQ(exact_inertia(rows, best.square_sums, best.centroids, 6, best.sums, best.counts), best.inertia);
}

TEST(Fit, TiesOfSizeKeepTheirOrder) {
  const Matrix matrix{.n = 4, .d = 1, .x = {10, 11, -10, -11}, .weights = {}};
  Workplace place;
  RowBlocks rows = blocks_of(matrix, Space::as_is, place.env);
  ClusterSpec spec;
  spec.stop = StopRule::strict;
  spec.init = "random";
  const Clustering best = fit(rows, 2, spec, {}, place.env);
  const Clustering same =
      lloyd(rows, seed_random(rows, 2, 0, static_cast<uint32_t>(best.restart), place.env), {}, place.env);
  EXPECT_EQ(best.centroids, same.centroids);
}

TEST(Fit, GivenStartsKeepTheirOrder) {
  const Matrix matrix{.n = 5, .d = 1, .x = {1, 10, 11, 12, 2}, .weights = {}};
  Workplace place;
  RowBlocks rows = blocks_of(matrix, Space::as_is, place.env);
  ClusterSpec spec;
  spec.stop = StopRule::strict;
  spec.init = "start.h5:/c";
  const Clustering result = fit(rows, 2, spec, {0, 20}, place.env);
  EXPECT_EQ(result.centroids, (std::vector<float>{1.5f, 11}));
  EXPECT_EQ(result.rows, (std::vector<int64_t>{2, 3}));
}

TEST(Fit, AWeightOfTwoEqualsTheRowTwice) {
  Matrix weighted = mixture(600, 3, 4, 5, 52);
  Matrix repeated{.n = 0, .d = 3, .x = {}, .weights = {}};
  for (int64_t i = 0; i < weighted.n; ++i) {
    const int times = i % 3 == 0 ? 2 : 1;
    weighted.weights.push_back(times);
    for (int t = 0; t < times; ++t) {
      ++repeated.n;
      repeated.x.insert(repeated.x.end(), weighted.x.begin() + i * 3, weighted.x.begin() + i * 3 + 3);
    }
  }
  Workplace place;
  RowBlocks a = blocks_of(weighted, Space::as_is, place.env);
  RowBlocks b = blocks_of(repeated, Space::as_is, place.env);
  const std::vector<float> start(weighted.x.begin(), weighted.x.begin() + 12);
  const Clustering one = lloyd(a, start, {}, place.env);
  const Clustering two = lloyd(b, start, {}, place.env);
  EXPECT_EQ(one.centroids, two.centroids);
  EXPECT_EQ(one.inertia, two.inertia);
  EXPECT_EQ(one.iterations, two.iterations);
  for (size_t c = 0; c < 4; ++c) {
    EXPECT_EQ(one.counts[c], two.counts[c] << a.weight_bits);
    EXPECT_LT(one.rows[c], two.rows[c]);
  }
  for (size_t i = 0; i < one.sums.size(); ++i)
    EXPECT_EQ(one.sums[i].value(), two.sums[i].value() * (Int128{1} << a.weight_bits));
}

TEST(Fit, IrisGoldens) {
  Workplace place;
  RowBlocks rows = blocks_of(iris(), Space::centred, place.env);
  ClusterSpec spec;
  spec.stop = StopRule::strict;
  spec.restarts = 100;
  const double golden[] = {152.347952, 78.851441, 57.228473, 46.446182, 39.039987};
  for (int k = 2; k <= 6; ++k) {
    const double found = fit(rows, k, spec, {}, place.env).inertia;
    EXPECT_LE(found, golden[k - 2] * (1 + 1e-6)) << k;
    EXPECT_GE(found, golden[k - 2] * (1 - 1e-6)) << k;
  }
}

TEST(Fit, IrisSegments) {
  Workplace place;
  RowBlocks rows = blocks_of(iris(), Space::centred, place.env);
  ClusterSpec spec;
  spec.stop = StopRule::strict;
  spec.restarts = 10;
  const Clustering result = fit(rows, 3, spec, {}, place.env);
  EXPECT_EQ(result.rows, (std::vector<int64_t>{62, 50, 38}));
  const double centres[] = {5.901613, 2.748387, 4.393548, 1.433871, 5.006,    3.428,
                            1.462,    0.246,    6.85,     3.073684, 5.742105, 2.071053};
  for (size_t i = 0; i < 12; ++i)
    EXPECT_NEAR(static_cast<double>(result.centroids[i]) + rows.means[i % 4], centres[i], 1e-6);
}

TEST(Fit, IrisSphericalGoldens) {
  Workplace place;
  RowBlocks rows = blocks_of(iris(), Space::unit, place.env);
  ClusterSpec spec;
  spec.stop = StopRule::strict;
  spec.algorithm = ClusterSpec::Algorithm::spherical;
  spec.restarts = 20;
  // |x - c|^2 = 2 - 2 cos.
  EXPECT_NEAR(150 - fit(rows, 2, spec, {}, place.env).inertia / 2, 149.722519, 1e-5);
  EXPECT_NEAR(150 - fit(rows, 3, spec, {}, place.env).inertia / 2, 149.838571, 1e-5);
}

TEST(Fit, SphericalStartsBecomeUnitVectors) {
  Workplace place;
  RowBlocks rows = blocks_of(mixture(400, 3, 3, 5, 53), Space::unit, place.env);
  ClusterSpec spec;
  spec.stop = StopRule::strict;
  spec.algorithm = ClusterSpec::Algorithm::spherical;
  const Clustering a = fit(rows, 2, spec, {1, 0, 0, 0, 1, 0}, place.env);
  const Clustering b = fit(rows, 2, spec, {7, 0, 0, 0, 0.1f, 0}, place.env);
  EXPECT_EQ(a.centroids, b.centroids);
  EXPECT_EQ(a.history[0].inertia, b.history[0].inertia);
  for (size_t c = 0; c < 2; ++c) {
    double norm2 = 0;
    for (size_t j = 0; j < 3; ++j) norm2 += std::pow(static_cast<double>(a.centroids[c * 3 + j]), 2);
    EXPECT_NEAR(norm2, 1, 1e-6);
  }
}

TEST(Publish, EqualsTheOracle) {
  Matrix matrix = mixture(1500, 3, 5, 4, 54);
  for (int64_t i = 0; i < matrix.n; ++i) matrix.weights.push_back(static_cast<double>(i % 3));
  for (const int64_t iterations : {2, 300}) {  // stopped early, and converged
    Workplace place;
    RowBlocks rows = blocks_of(matrix, Space::centred, place.env);
    ClusterSpec spec;
    spec.stop = StopRule::strict;
    spec.max_iterations = iterations;
    const Clustering result = fit(rows, 6, spec, {}, place.env);
    EXPECT_EQ(result.converged, iterations == 300);
    const Published published = publish(rows, result, place.env);
    const oracle::Rows plain = read_back(rows, matrix, place.env);
    const oracle::Centroids centroids{6, result.centroids};
    std::vector<double> margins, distances;  // times m
    std::vector<int32_t> labels = oracle::labels(plain, centroids);
    EXPECT_EQ(published.label, labels);
    for (int64_t i = 0; i < plain.n; ++i) {
      const size_t at = static_cast<size_t>(i);
      const oracle::Nearest nearest = oracle::nearest(plain, i, centroids);
      EXPECT_EQ(published.second[at], nearest.second);
      EXPECT_EQ(published.distance[at], static_cast<float>(std::sqrt(nearest.first_d2)));
      margins.push_back(static_cast<double>(plain.weight(i)) * oracle::margin(nearest));
      distances.push_back(static_cast<double>(plain.weight(i)) * std::sqrt(nearest.first_d2));
    }
    EXPECT_EQ(published.mean_margin,
              CanonicalSum::merge(oracle::block_sums(margins)) / static_cast<double>(rows.total_weight()));
    for (int c = 0; c < 6; ++c)
      EXPECT_EQ(published.distance_sums[static_cast<size_t>(c)],
                CanonicalSum::merge(oracle::block_sums_of(distances, labels, c)));
    EXPECT_EQ(published.rows, oracle::counts(plain, labels, 6, false));
    EXPECT_EQ(published.counts, oracle::counts(plain, labels, 6, true));
    const std::vector<Int128> sums = oracle::sums(plain, labels, 6, rows.scales);
    for (size_t i = 0; i < sums.size(); ++i) EXPECT_EQ(published.sums[i].value(), sums[i]);
  }
}

TEST(Publish, ASavedModelsCentroids) {
  Workplace place;
  RowBlocks rows = blocks_of(iris(), Space::centred, place.env);
  const Clustering result = fit(rows, 3, {}, {}, place.env);
  const Published fitted = publish(rows, result, place.env);
  Clustering saved;
  saved.k = 3;
  saved.d = 4;
  saved.centroids = result.centroids;
  rows.scales.clear();  // scoring has none
  const Published scored = publish(rows, saved, place.env);
  EXPECT_EQ(scored.label, fitted.label);
  EXPECT_EQ(scored.margin, fitted.margin);
  EXPECT_EQ(scored.rows, fitted.rows);
  EXPECT_TRUE(scored.sums.empty());
}

TEST(Publish, TiesThatTheOrderOfSegmentsDecides) {
  // A row half way between both centroids goes to the lower index, and ordering by size swaps the indices.
  const Matrix matrix{.n = 6, .d = 1, .x = {0, -6, 3, 3, 3, 3}, .weights = {}};
  int swapped = 0;
  for (int64_t seed = 0; seed < 20; ++seed) {
    Workplace place;
    RowBlocks rows = blocks_of(matrix, Space::as_is, place.env);
    ClusterSpec spec;
    spec.stop = StopRule::strict;
    spec.init = "random";
    spec.restarts = 3;
    spec.seed = seed;
    const Clustering result = fit(rows, 2, spec, {}, place.env);
    const Published published = publish(rows, result, place.env);
    std::vector<int64_t> rows_of(2);
    double inertia = 0;
    for (size_t i = 0; i < 6; ++i) {
      const auto c = static_cast<size_t>(published.label[i]);
      ++rows_of[c];
      inertia += std::pow(static_cast<double>(matrix.x[i]) - static_cast<double>(result.centroids[c]), 2);
    }
    EXPECT_EQ(published.rows, rows_of);
    EXPECT_EQ(published.counts, rows_of);
    EXPECT_NEAR(published.inertia, inertia, 1e-9);
    swapped += result.reordered && published.counts != result.counts ? 1 : 0;
  }
  EXPECT_GT(swapped, 0);
}

TEST(Publish, OneSegment) {
  Workplace place;
  RowBlocks rows = blocks_of(iris(), Space::centred, place.env);
  const Published published = publish(rows, fit(rows, 1, {}, {}, place.env), place.env);
  EXPECT_EQ(published.second, std::vector<int32_t>(150, -1));
  EXPECT_EQ(published.margin, std::vector<float>(150, 1));
  EXPECT_EQ(published.mean_margin, 1);
}

}  // namespace
}  // namespace clientele::test
