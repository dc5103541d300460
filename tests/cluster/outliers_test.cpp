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

TEST(Outliers, QuantileEqualsSorting) {
  const auto comm = make_single_comm();
  for (const uint64_t n : {1u, 2u, 7u, 1000u}) {
    std::vector<float> values;
    for (uint64_t i = 0; i < n; ++i) {
      const double u = oracle::uniform(5, i);
      values.push_back(static_cast<float>(i % 3 == 0 ? std::floor(4 * u) : std::exp(40 * u - 20)));
    }
    for (const double p : {0.0, 0.3, 0.5, 0.99, 0.999, 1.0})
      EXPECT_EQ(quantile_of(values, p, *comm), slow_quantile(values, p)) << n << " " << p;
  }
  EXPECT_TRUE(std::isnan(quantile_of({}, 0.5, *comm)));
}

TEST(Outliers, TheFarthestShareOfAllRows) {
  const Matrix matrix = mixture(3000, 3, 4, 6, 71);
  Workplace place;
  RowBlocks rows = blocks_of(matrix, Space::centred, place.env);
  const Published published = publish(rows, fit(rows, 4, {}, {}, place.env), place.env);
  EXPECT_TRUE(find_outliers(published, 0, place.env).rows.empty());
  const Outliers found = find_outliers(published, 0.01, place.env);
  EXPECT_EQ(found.threshold, slow_quantile(published.distance, 1 - 0.01));
  std::vector<int64_t> expected(4);
  for (size_t i = 0; i < 3000; ++i)
    expected[static_cast<size_t>(published.label[i])] += static_cast<double>(published.distance[i]) > found.threshold;
  EXPECT_EQ(found.rows, expected);
  EXPECT_EQ(expected[0] + expected[1] + expected[2] + expected[3], 30);
}

TEST(Outliers, NoneAmongEqualDistances) {
  Workplace place;
  Published published;
  published.label = {0, 0, 1, 1};
  published.distance = {2, 2, 2, 2};
  published.rows = {2, 2};
  const Outliers found = find_outliers(published, 0.5, place.env);
  EXPECT_EQ(found.threshold, 2);
  EXPECT_EQ(found.rows, (std::vector<int64_t>{0, 0}));
}

TEST(Outliers, SameForAnyRanks) {
  const Matrix matrix = mixture(150000, 2, 3, 5, 72);
  std::vector<Outliers> found;
  for (const int ranks : {1, 3}) {
    std::vector<Outliers> each(static_cast<size_t>(ranks));
    on_ranks(ranks, {.threads = 1}, [&](Env& env) {
      RowBlocks rows = blocks_of(matrix, Space::centred, env);
      Clustering fixed;
      fixed.k = 2;
      fixed.d = 2;
      fixed.centroids = {-2, 0, 2, 1};
      each[static_cast<size_t>(env.comm.rank())] = find_outliers(publish(rows, fixed, env), 0.003, env);
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
