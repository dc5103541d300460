#include "src/judge/dip.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tests/support/row_makers.h"

namespace clientele::test {
namespace {

/// By the definition: every mode, every chord.
double slow_dip(const std::vector<double>& values) {
  const size_t n = values.size();
  const auto below = [&](double x) {
    return double(std::lower_bound(values.begin(), values.end(), x) - values.begin());
  };
  const auto through = [&](double x) {
    return double(std::upper_bound(values.begin(), values.end(), x) - values.begin());
  };
  double best = HUGE_VAL;
  for (const double mode : values) {
    double worst = 1;
    for (const double x : values) {
      if (x == mode) continue;
      double line = x < mode ? below(x) : through(x);
      for (const double a : values)
        for (const double b : values) {
          if (!(a <= x && x <= b && a < b) || (x < mode ? b > mode : a < mode)) continue;
          const double ya = x < mode ? below(a) : through(a), yb = x < mode ? below(b) : through(b);
          const double at = ya + (yb - ya) * (x - a) / (b - a);
          line = x < mode ? std::min(line, at) : std::max(line, at);
        }
      worst = std::max(worst, x < mode ? through(x) - line : line - below(x));
    }
    best = std::min(best, worst);
  }
  return best / (2 * double(n));
}

std::vector<double> sorted(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values;
}

TEST(Dip, SmallCases) {
  EXPECT_EQ(dip({}), 0);
  EXPECT_EQ(dip(std::vector<double>{3}), 0.5);
  EXPECT_EQ(dip(std::vector<double>{3, 3, 3, 3}), 0.125);
  EXPECT_EQ(dip(std::vector<double>{0, 0, 1, 1}), 0.25);
  EXPECT_EQ(dip(std::vector<double>{0, 1, 2, 3, 4, 5, 6, 7}), 1.0 / 16);
  // A mode may hold many equal values beside a smooth rest.
  EXPECT_EQ(dip(std::vector<double>{0, 0, 0, 0, 0, 1, 2, 3}), 1.0 / 16);
}

TEST(Dip, EqualsTheDefinition) {
  for (uint64_t draw = 0; draw < 60; ++draw) {
    std::vector<double> values;
    const uint64_t n = 3 + draw % 28;
    for (uint64_t i = 0; i < n; ++i) {
      const double u = oracle::uniform(900 + draw, i);
      values.push_back(draw % 3 == 0 ? std::floor(6 * u) : draw % 3 == 1 ? u * u : u + (i % 2 == 0 ? 2 : 0));
    }
    values = sorted(values);
    EXPECT_NEAR(dip(values), slow_dip(values), 1e-12) << draw;
  }
}

TEST(Dip, UniformValuesStayBelowTheLimit) {
  double largest = 0;
  for (uint64_t draw = 0; draw < 300; ++draw) {
    std::vector<double> values;
    for (uint64_t i = 0; i < 200; ++i) values.push_back(oracle::uniform(1200 + draw, i));
    largest = std::max(largest, std::sqrt(200.0) * dip(sorted(values)));
  }
  EXPECT_LT(largest, kDipLimit);
  EXPECT_GT(largest, 0.48);  // the 99 % quantile is 0.50
}

TEST(Dip, TwoHumpsLieAboveIt) {
  std::vector<double> values;
  for (uint64_t i = 0; i < 400; ++i) {
    double normal = -6;
    for (uint64_t part = 0; part < 12; ++part) normal += oracle::uniform(40 + part, i);
    values.push_back(normal + (i % 3 == 0 ? 6 : 0));
  }
  EXPECT_GT(20 * dip(sorted(values)), 1.5 * kDipLimit);
}

}  // namespace
}  // namespace clientele::test
