#include "clientele/base/transform.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace clientele {
namespace {

/// Place among the knots by plain counting and a linear walk.
double slow_position(const std::vector<double>& knots, double v) {
  int below = 0, equal = 0;
  for (const double knot : knots) below += knot < v, equal += knot == v;
  const double last = static_cast<double>(knots.size()) - 1;
  if (equal == static_cast<int>(knots.size())) return 0.5;
  if (equal > 0) return (below + (equal - 1) / 2.0) / last;
  if (below == 0) return 0;
  if (below == static_cast<int>(knots.size())) return 1;
  const size_t i = static_cast<size_t>(below);
  return (below - 1 + (v - knots[i - 1]) / (knots[i] - knots[i - 1])) / last;
}

/// P(Z <= z) of the standard normal.
double normal_probability(double z) {
  return 0.5 * std::erfc(-z / std::sqrt(2.0));
}

TEST(Transform, NormalScoresSitAtTheirPlaceAmongTheKnots) {
  const std::vector<std::vector<double>> cases = {
      {0, 1, 2, 3, 4}, {0, 0, 0, 1, 5}, {1, 2, 2, 2, 9, 9}, {3, 3, 3}, {7}, {-1, 4}, {-2, -2, 0, 0, 1, 1, 1, 8}};
  for (const std::vector<double>& knots : cases)
    for (double v = -3; v <= 10; v += 0.25) {
      const double p = std::min(std::max(slow_position(knots, v), 1e-7), 1 - 1e-7);
      const double score = normal_score(knots.data(), static_cast<int32_t>(knots.size()), v);
      EXPECT_NEAR(normal_probability(score) / p, 1, 1e-8) << v;
      EXPECT_NEAR(normal_probability(-score) / (1 - p), 1, 1e-8) << v;
    }
  const std::vector<double> knots = {0, 1};
  EXPECT_NEAR(normal_score(knots.data(), 2, -5), -5.19933758, 1e-7);
  EXPECT_NEAR(normal_score(knots.data(), 2, 5), 5.19933758, 1e-7);
  EXPECT_EQ(normal_score(knots.data(), 2, 0.5), 0);
}

TEST(Transform, NumbersGoThroughCurveLimitsMethodAndFactorInThisOrder) {
  FeatureTransform f;
  f.curve = Curve::log1p;
  f.low = 0.5;
  f.high = 3;
  f.shift = 1;
  f.scale = 2;
  f.factor = 10;
  f.impute = 2;
  EXPECT_EQ(transform_value(f, nullptr, 0), 10 * ((0.5 - 1) / 2));
  EXPECT_EQ(transform_value(f, nullptr, 1e9), 10 * ((3 - 1.0) / 2));
  EXPECT_EQ(transform_value(f, nullptr, NAN), 10 * ((2 - 1.0) / 2));
  EXPECT_EQ(transform_value(f, nullptr, 4), 10 * ((exact::log1p(4) - 1) / 2));
  f.impute = NAN;
  EXPECT_TRUE(std::isnan(transform_value(f, nullptr, NAN)));
  EXPECT_EQ(apply_curve(Curve::none, -3), -3);
  EXPECT_EQ(apply_curve(Curve::asinh, -3), exact::asinh(-3));
  EXPECT_EQ(apply_curve(Curve::log, 3), exact::log(3));
}

TEST(Transform, CategoriesAndIndicators) {
  FeatureTransform one_hot;
  one_hot.form = FeatureForm::one_hot;
  one_hot.code = 2;
  one_hot.factor = 0.5;
  EXPECT_EQ(transform_value(one_hot, nullptr, 2), 0.5);
  EXPECT_EQ(transform_value(one_hot, nullptr, 3), 0);
  EXPECT_EQ(transform_value(one_hot, nullptr, NAN), 0);
  const std::vector<double> knots = {9, 1, 4, 6};
  one_hot.knots_begin = 1;
  one_hot.knots_count = 3;
  for (const double listed : {1.0, 4.0, 6.0}) EXPECT_EQ(transform_value(one_hot, knots.data(), listed), 0.5);
  for (const double other : {9.0, 2.0, 0.0, 7.0, double{NAN}})
    EXPECT_EQ(transform_value(one_hot, knots.data(), other), 0);
  FeatureTransform indicator;
  indicator.form = FeatureForm::indicator;
  indicator.shift = 0.25;
  indicator.scale = 0.5;
  EXPECT_EQ(transform_value(indicator, nullptr, NAN), 1.5);
  EXPECT_EQ(transform_value(indicator, nullptr, 7), -0.5);
}

TEST(Transform, RankedFeaturesUseTheirOwnKnots) {
  const std::vector<double> knots = {100, 0, 1, 2};
  FeatureTransform f;
  f.form = FeatureForm::ranked;
  f.knots_begin = 1;
  f.knots_count = 3;
  f.factor = 2;
  EXPECT_EQ(transform_value(f, knots.data(), 1.5), 2 * normal_score(&knots[1], 3, 1.5));
  EXPECT_EQ(transform_value(f, knots.data(), 1), 0);
  EXPECT_TRUE(std::isnan(transform_value(f, knots.data(), NAN)));
}

TEST(Transform, FeaturesAreRoundedAndTinyOnesFlushed) {
  EXPECT_EQ(to_feature(0.1), 0.1f);
  EXPECT_EQ(to_feature(0x1p-50), 0x1p-50f);
  EXPECT_EQ(to_feature(-0x1p-50), -0x1p-50f);
  for (const double tiny : {0.0, -0.0, 0x1.fp-51, -0x1.fp-51, 1e-300, -1e-300}) {
    EXPECT_EQ(to_feature(tiny), 0.0f);
    EXPECT_FALSE(std::signbit(to_feature(tiny)));
  }
  EXPECT_TRUE(std::isnan(to_feature(NAN)));
  EXPECT_TRUE(std::isinf(to_feature(HUGE_VAL)));
}

}  // namespace
}  // namespace clientele
