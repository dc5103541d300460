// Draws of synthetic data.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "src/app/synthetic_draws.h"

namespace clientele {
namespace {

TEST(Draws, NormalsAreNormalAndIndependent) {
  const Draws draws(7);
  const int n = 20000;
  double sum = 0, square = 0, fourth = 0, cross = 0;
  for (int64_t row = 0; row < n; ++row) {
    const auto [a, b] = draws.normals(DrawOf::noise, row, 3);
    sum += a;
    square += a * a;
    fourth += a * a * a * a;
    cross += a * b;
  }
  EXPECT_NEAR(sum / n, 0, 0.03);
  EXPECT_NEAR(square / n, 1, 0.04);
  EXPECT_NEAR(fourth / n, 3, 0.3);
  EXPECT_NEAR(cross / n, 0, 0.03);
}

TEST(Draws, SegmentsFallBySize) {
  const Draws draws(1);
  std::vector<int> sizes(3);
  for (int64_t row = 0; row < 10000; ++row) ++sizes[static_cast<size_t>(draws.segment(row, 3))];
  const double total = 1 + 1 / 1.3 + 1 / 1.6;
  EXPECT_NEAR(sizes[0], 10000 / total, 250);
  EXPECT_NEAR(sizes[2], 10000 / 1.6 / total, 250);
}

TEST(Draws, EachNamesItsOwnStream) {
  const Draws draws(1), other(2);
  EXPECT_NE(draws.unit(DrawOf::gap, 1), draws.unit(DrawOf::amount, 1));
  EXPECT_NE(draws.unit(DrawOf::gap, 1, 0), draws.unit(DrawOf::gap, 1, 1));
  EXPECT_NE(draws.unit(DrawOf::gap, 1), other.unit(DrawOf::gap, 1));
  EXPECT_EQ(draws.unit(DrawOf::gap, 1), Draws(1).unit(DrawOf::gap, 1));
}

}  // namespace
}  // namespace clientele
