#include "clientele/cluster/outliers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/support/row_makers.h"
#include "tests/support/rows.h"

namespace clientele::test {
namespace {

double slow_quantile(std::vector<float> values, double probability) {
  std::sort(values.begin(), values.end());
  const double position = probability * static_cast<double>(values.size() - 1);
  const size_t low = static_cast<size_t>(position), high = std::min(low + 1, values.size() - 1);
  const double a = static_cast<double>(values[low]), b = static_cast<double>(values[high]);
  return std::fma(position - static_cast<double>(low), b - a, a);
}

/// Outliers of rows at these distances, all in segment 0.
Outliers outliers_at(std::vector<float> distances, std::vector<double> weights, double share, Env& env) {
  const int64_t n = static_cast<int64_t>(distances.size());
  const Matrix matrix{.n = n, .d = 1, .x = std::vector<float>(distances.size(), 1.0f), .weights = std::move(weights)};
  Published published;
  published.label.assign(distances.size(), 0);
  published.rows = {n};
  published.distance = std::move(distances);
  return find_outliers(blocks_of(matrix, Space::as_is, env), published, share, env);
}

std::vector<float> odd_distances(uint64_t n) {
  std::vector<float> values;
  for (uint64_t i = 0; i < n; ++i) {
    const double u = oracle::uniform(5, i);
    values.push_back(static_cast<float>(i % 3 == 0 ? std::floor(4 * u) : std::exp(40 * u - 20)));
  }
  return values;
}

TEST(Outliers, ThresholdEqualsSorting) {
  Workplace place;
  for (const uint64_t n : {1u, 2u, 7u, 1000u}) {
    const std::vector<float> values = odd_distances(n);
    for (const double share : {0.001, 0.01, 0.3, 0.5})
      EXPECT_EQ(outliers_at(values, {}, share, place.env).threshold, slow_quantile(values, 1 - share)) << n;
  }
}

TEST(Outliers, AWholeWeightEqualsTheRowRepeated) {
  const std::vector<float> values = odd_distances(500);
  std::vector<float> repeated;
  std::vector<double> weights;
  for (size_t i = 0; i < values.size(); ++i) {
    weights.push_back(static_cast<double>(i % 5 == 4 ? 70 : i % 5));
    repeated.insert(repeated.end(), static_cast<size_t>(weights.back()), values[i]);
  }
  Workplace place;
  for (const double share : {0.0001, 0.01, 0.0333, 0.5}) {
    const Outliers found = outliers_at(values, weights, share, place.env);
    EXPECT_EQ(found.threshold, slow_quantile(repeated, 1 - share));
    EXPECT_EQ(found.rows[0], std::count_if(values.begin(), values.end(),
                                           [&](float value) { return static_cast<double>(value) > found.threshold; }));
  }
}

TEST(Outliers, FractionsOfAWeightCountAndNoneMovesNothing) {
  Workplace place;
  // 10 clients: of 0.5, 1, 2.5 and 6. The one of rank 8.1 is among the last, between the 9th and the 10th.
  EXPECT_EQ(outliers_at({1, 2, 3, 4}, {0.5, 1, 2.5, 6}, 0.1, place.env).threshold, 4);
  // At rank 3.6: ranks 3 and 4 lie in the third and the fourth row.
  EXPECT_DOUBLE_EQ(outliers_at({1, 2, 3, 4}, {0.5, 1, 2.5, 6}, 0.6, place.env).threshold, 3.6);
  const Outliers found = outliers_at({1, 99, 2, 3, 4, 0}, {0.5, 0, 1, 2.5, 6, 0}, 0.6, place.env);
  EXPECT_DOUBLE_EQ(found.threshold, 3.6);
  EXPECT_EQ(found.rows[0], 2);  // 4, and 99, which weighs nothing
  // Equal weights are as none, also as shares of one.
  const std::vector<float> values = odd_distances(700);
  for (const double weight : {1.0 / 700, 0.3, 1.0})
    EXPECT_EQ(outliers_at(values, std::vector<double>(700, weight), 0.013, place.env).threshold,
              slow_quantile(values, 1 - 0.013));
}

TEST(Outliers, TheFarthestShareOfAllRows) {
  const Matrix matrix = mixture(3000, 3, 4, 6, 71);
  Workplace place;
  RowBlocks rows = blocks_of(matrix, Space::centred, place.env);
  const Published published = publish(rows, fit(rows, 4, {}, {}, place.env), place.env);
  EXPECT_TRUE(find_outliers(rows, published, 0, place.env).rows.empty());
  const Outliers found = find_outliers(rows, published, 0.01, place.env);
  EXPECT_EQ(found.threshold, slow_quantile(published.distance, 1 - 0.01));
  std::vector<int64_t> expected(4);
  for (size_t i = 0; i < 3000; ++i)
    expected[static_cast<size_t>(published.label[i])] += static_cast<double>(published.distance[i]) > found.threshold;
  EXPECT_EQ(found.rows, expected);
  EXPECT_EQ(expected[0] + expected[1] + expected[2] + expected[3], 30);
}

TEST(Outliers, NoneAmongEqualDistances) {
  Workplace place;
  const Outliers found = outliers_at({2, 2, 2, 2}, {}, 0.5, place.env);
  EXPECT_EQ(found.threshold, 2);
  EXPECT_EQ(found.rows, (std::vector<int64_t>{0}));
}

TEST(Outliers, SameForAnyRanks) {
  Matrix matrix = mixture(150000, 2, 3, 5, 72);
  matrix.weights.assign(150000, 0.25);
  std::vector<Outliers> found;
  for (const int ranks : {1, 3}) {
    std::vector<Outliers> each(static_cast<size_t>(ranks));
    on_ranks(ranks, {.threads = 1}, [&](Env& env) {
      RowBlocks rows = blocks_of(matrix, Space::centred, env);
      Clustering fixed;
      fixed.k = 2;
      fixed.d = 2;
      fixed.centroids = {-2, 0, 2, 1};
      each[static_cast<size_t>(env.comm.rank())] = find_outliers(rows, publish(rows, fixed, env), 0.003, env);
    });
    for (const Outliers& one : each) {
      EXPECT_EQ(one.threshold, each[0].threshold);
      EXPECT_EQ(one.rows, each[0].rows);
    }
    found.push_back(each[0]);
  }
  EXPECT_EQ(found[0].threshold, found[1].threshold);
  EXPECT_EQ(found[0].rows, found[1].rows);
  EXPECT_EQ(found[0].rows[0] + found[0].rows[1], 450);
}

}  // namespace
}  // namespace clientele::test
