#include "clientele/base/fixed_point.h"

#include <gtest/gtest.h>

#include <cfloat>
#include <cmath>
#include <random>
#include <vector>

#include "tests/base/expect_error.h"

namespace clientele {
namespace {

TEST(FixedPoint, ExponentIsTheLeastThatCovers) {
  EXPECT_EQ(fixed_exponent(0), 40);
  EXPECT_EQ(fixed_scale(fixed_exponent(0)), 1);
  EXPECT_EQ(fixed_exponent(1), 0);
  EXPECT_EQ(fixed_exponent(std::nextafter(1.0f, 2.0f)), 1);
  EXPECT_EQ(fixed_exponent(std::nextafter(1.0f, 0.0f)), 0);
  EXPECT_EQ(fixed_exponent(FLT_MAX), 128);
  EXPECT_EQ(fixed_exponent(FLT_TRUE_MIN), -149);
  for (const float x : {3.0f, 1e-40f, 1e-20f, 0.1f, 7e30f, FLT_MAX, FLT_MIN, FLT_TRUE_MIN}) {
    const int e = fixed_exponent(x);
    EXPECT_LE(x, std::ldexp(1.0, e));
    EXPECT_GT(x, std::ldexp(1.0, e - 1));
    EXPECT_TRUE(std::isnormal(fixed_scale(e)));
    EXPECT_LE(std::abs(quantise(x, fixed_scale(e))), int64_t{1} << 40);
  }
  for (const float wrong : {-1.0f, NAN, INFINITY})
    EXPECT_EQ(error_of([&] { (void)fixed_exponent(wrong); }).kind(), ErrorKind::internal);
}

TEST(FixedPoint, QuantisingRoundsHalvesToEven) {
  EXPECT_EQ(quantise(0.5f, 1), 0);
  EXPECT_EQ(quantise(1.5f, 1), 2);
  EXPECT_EQ(quantise(2.5f, 1), 2);
  EXPECT_EQ(quantise(-0.5f, 1), 0);
  EXPECT_EQ(quantise(-1.5f, 1), -2);
  EXPECT_EQ(quantise(-2.5f, 1), -2);
  EXPECT_EQ(quantise(std::nextafter(2.5f, 3.0f), 1), 3);
  EXPECT_EQ(quantise(1.0f, 0x1p40), int64_t{1} << 40);
  EXPECT_EQ(quantise(-1.0f, 0x1p40), -(int64_t{1} << 40));
  for (const float wrong : {std::nextafter(1.0f, 2.0f), -2.0f, NAN, INFINITY})
    EXPECT_EQ(error_of([&] { (void)quantise(wrong, 0x1p40); }).kind(), ErrorKind::internal);
}

TEST(FixedPoint, WideSumsEqualPlain128BitSums) {
  std::mt19937_64 random(1);
  std::uniform_int_distribution<int64_t> q(-(int64_t{1} << 40), int64_t{1} << 40),
      m(-(int64_t{1} << 20), int64_t{1} << 20);
  WideSum sum, half, reversed;
  Int128 expected = 0;
  std::vector<std::pair<int64_t, int64_t>> rows;
  for (int i = 0; i < 5000; ++i) rows.emplace_back(q(random), m(random));
  for (size_t i = 0; i < rows.size(); ++i) {
    sum.add(rows[i].first, rows[i].second);
    (i % 2 == 0 ? half : reversed).add(rows[i].first, rows[i].second);
    expected += static_cast<Int128>(rows[i].first) * rows[i].second;
    ASSERT_TRUE(sum.value() == expected);
  }
  reversed.add(half);
  EXPECT_TRUE(same_value(sum, reversed));
  for (const auto& [value, weight] : rows) sum.add(value, -weight);
  EXPECT_TRUE(same_value(sum, WideSum{}));
}

TEST(FixedPoint, WideSumsHoldTheLargestSumWithoutOverflow) {
  // 2^22 rows of weight 2^20 at either end of the range: sum(m) = 2^42.
  for (const int64_t q : {int64_t{1} << 40, -(int64_t{1} << 40), (int64_t{1} << 40) - 1, int64_t{-1}, int64_t{1}}) {
    WideSum sum;
    for (int i = 0; i < 1 << 22; ++i) sum.add(q, int64_t{1} << 20);
    EXPECT_TRUE(sum.value() == static_cast<Int128>(q) * (Int128{1} << 42));
  }
  WideSum plain;
  plain.add_plain(-(int64_t{1} << 62));
  plain.add_plain(-1);
  EXPECT_TRUE(plain.value() == -(Int128{1} << 62) - 1);
}

/// A double is the nearest to v, ties to even: checked by exact integer distances, for |v| < 2^126.
bool is_nearest(Int128 v, double y) {
  const auto distance = [&](double z) {
    const Int128 d = static_cast<Int128>(z) - v;
    return d < 0 ? -d : d;
  };
  const double below = std::nextafter(y, -HUGE_VAL), above = std::nextafter(y, HUGE_VAL);
  if (std::fabs(y) < 0x1p53) return static_cast<Int128>(y) == v;
  int exponent = 0;
  const bool even = static_cast<int64_t>(std::ldexp(std::frexp(y, &exponent), 53)) % 2 == 0;
  for (const double other : {below, above})
    if (distance(other) < distance(y) || (distance(other) == distance(y) && !even)) return false;
  return true;
}

TEST(FixedPoint, ConvertingA128BitIntegerRoundsOnceHalfToEven) {
  std::mt19937_64 random(2);
  EXPECT_EQ(to_double(0), 0);
  EXPECT_FALSE(std::signbit(to_double(0)));
  EXPECT_EQ(to_double(-1), -1);
  const Int128 half = (Int128{1} << 100) + (Int128{1} << 47);  // half way, even below
  EXPECT_EQ(to_double(half), 0x1p100);
  EXPECT_EQ(to_double(half + 1), 0x1p100 + 0x1p48);
  EXPECT_EQ(to_double(half - 1), 0x1p100);
  EXPECT_EQ(to_double(-half - 1), -0x1p100 - 0x1p48);
  EXPECT_EQ(to_double((Int128{1} << 100) + 3 * (Int128{1} << 47)), 0x1p100 + 0x1p49);
  EXPECT_EQ(to_double((Int128{1} << 120) - 1), 0x1p120);
  for (int i = 0; i < 50000; ++i) {
    Int128 v = (static_cast<Int128>(random() >> 2) << 64) + static_cast<Int128>(random());
    v >>= random() % 126;
    if (random() % 4 == 0) v = (v >> 40) << 40;  // more ties
    if (random() % 2 == 0) v = -v;
    ASSERT_TRUE(is_nearest(v, to_double(v))) << to_double(v);
  }
}

TEST(FixedPoint, ACentroidIsTheMeanOfItsRows) {
  const double scale = fixed_scale(fixed_exponent(3));
  WideSum sum;
  for (const float x : {1.0f, 2.0f, 3.0f}) sum.add(quantise(x, scale), 1);
  EXPECT_EQ(centroid_value(sum, scale, 3), 2.0f);
  sum.add(quantise(-3.0f, scale), 5);
  EXPECT_EQ(centroid_value(sum, scale, 8), -9.0f / 8);
}

TEST(FixedPoint, FiftyMillionEqualRowsDoNotDrift) {
  const double scale = fixed_scale(fixed_exponent(0.1f));
  WideSum sum;
  sum.add(quantise(0.1f, scale), 50'000'000);
  EXPECT_EQ(centroid_value(sum, scale, 50'000'000), 0.1f);
}

TEST(FixedPoint, WeightBitsKeepTheSumInsideTheLimit) {
  EXPECT_EQ(weight_bits(0, 10), 0);
  EXPECT_EQ(weight_bits(100, 100), 35);
  EXPECT_EQ(weight_bits(100e-9, 100), 65);
  EXPECT_EQ(weight_bits(0x1p42, 0), 0);
  EXPECT_EQ(weight_bits(0x1p50, 1), -9);
  std::mt19937_64 random(3);
  for (const double largest : {1e-9, 1.0, 1e5, 1e9, 1e12}) {
    std::vector<double> weights(3000);
    double total = 0;
    for (double& w : weights) total += w = largest * static_cast<double>(random() >> 11) * 0x1p-53;
    const int bits = weight_bits(total, 3000);
    int64_t sum = 0, finer = 0;
    for (const double w : weights) {
      sum += quantise_weight(w, bits);
      finer += quantise_weight(w, bits + 1);
    }
    EXPECT_LE(sum, int64_t{1} << 42);
    EXPECT_GT(finer, (int64_t{1} << 42) - 4 * 3000) << bits;
  }
  EXPECT_EQ(quantise_weight(0.5, 0), 0);
  EXPECT_EQ(quantise_weight(1.5, 0), 2);
  EXPECT_EQ(quantise_weight(1, 20), 1 << 20);
  EXPECT_EQ(quantise_weight(1e-9, 20), 0);
}

}  // namespace
}  // namespace clientele
