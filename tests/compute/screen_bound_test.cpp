// The certificate's promise: lower <= |c|^2/2 - x.c <= lower + gap, whatever the order of the float32 chain.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "clientele/compute/formulas.h"
#include "tests/support/row_makers.h"

namespace clientele {
namespace {

double random_value(uint64_t stream, uint64_t index, int spread) {
  const double sign = oracle::uniform(stream, 3 * index) < 0.5 ? -1 : 1;
  return sign * (0.5 + oracle::uniform(stream, 3 * index + 1)) *
         std::ldexp(1.0, int(std::floor((oracle::uniform(stream, 3 * index + 2) - 0.5) * spread)));
}

struct Scored {
  float lower = 0;
  float gap = 0;
  long double exact = 0;
};

/// d coordinates whose magnitudes spread over 2^spread around 2^centre.
Scored score(int d, int spread, int centre_x, int centre_c, uint64_t seed) {
  std::vector<float> x, c;
  for (int j = 0; j < d; ++j) {
    x.push_back(to_feature(std::ldexp(random_value(seed, uint64_t(j), spread), centre_x)));
    // Half of the coordinates nearly equal, so that scores cancel.
    const double other = j % 2 == 0 ? double(x.back()) * (1 + 1e-6 * j) : random_value(seed + 1, uint64_t(j), spread);
    c.push_back(float(std::ldexp(other, j % 2 == 0 ? 0 : centre_c)));
  }
  double norm2 = 0;
  Scored s;
  for (int j = 0; j < d; ++j) norm2 += double(c[size_t(j)]) * double(c[size_t(j)]);
  for (int j = 0; j < d; ++j) {
    const long double cj = c[size_t(j)], xj = x[size_t(j)];
    s.exact += cj * cj / 2 - xj * cj;
  }
  const ScreenBound bound = screen_bound(norm2, d);
  std::vector<size_t> order(static_cast<size_t>(d));
  std::iota(order.begin(), order.end(), 0);
  if (seed % 3 == 1) std::reverse(order.begin(), order.end());
  if (seed % 3 == 2) std::rotate(order.begin(), order.begin() + d / 2, order.end());
  float squares = 0;
  s.lower = bound.bias;
  for (const size_t j : order) {
    squares = std::fma(x[j], x[j], squares);
    s.lower = std::fma(x[j], -c[j], s.lower);
  }
  const float length = screen_length(squares, screen_growth(d));
  s.lower = std::fma(length, bound.slope, s.lower);
  s.gap = screen_gap(bound, length);
  return s;
}

TEST(ScreenBound, BracketsTheExactScore) {
  uint64_t seed = 100;
  for (const int d : {1, 2, 3, 8, 17, 130, 1000}) {
    for (const int spread : {0, 4, 30}) {
      for (const int x : {-48, -10, 0, 20, 28}) {
        for (const int c : {-140, -49, 0, 28}) {
          const Scored s = score(d, spread, x, c, seed += 2);
          EXPECT_LE((long double)s.lower, s.exact) << d << " " << spread << " " << x << " " << c;
          EXPECT_GE((long double)s.lower + (long double)s.gap, s.exact) << d << " " << spread << " " << x << " " << c;
        }
      }
    }
  }
}

TEST(ScreenBound, IsTight) {
  const Scored s = score(16, 0, 0, 0, 7);
  EXPECT_LT(s.gap, 1e-3);
}

TEST(ScreenBound, GivesUpBeyondItsReach) {
  for (const double norm2 : {0x1p102, 1e300, HUGE_VAL, double(NAN)}) {
    const ScreenBound bound = screen_bound(norm2, 8);
    EXPECT_EQ(bound.bias, -HUGE_VALF);
    EXPECT_FALSE(1e30f > screen_gap(bound, 1));
  }
}

TEST(ScreenLength, IsNeverBelowTheNorm) {
  for (uint64_t i = 0; i < 2000; ++i) {
    const float x = float(random_value(9, i, 120));
    const float squares = std::fma(x, x, 0.0f);
    EXPECT_GE(screen_length(squares, screen_growth(1)), std::fabs(x)) << x;
  }
}

TEST(RoundedFloats, EncloseTheDouble) {
  for (uint64_t i = 0; i < 2000; ++i) {
    const double v = random_value(11, i, 300);
    EXPECT_GE(double(float_up(v)), v);
    EXPECT_LE(double(float_down(v)), v);
  }
  EXPECT_EQ(float_up(0.5), 0.5f);
}

TEST(OrderedKey, KeepsOrderAndComesBack) {
  const std::vector<double> ascending = {-1e300, -2, -1, -1e-320, 0, 1e-320, 0.5, 1, 1e300};
  for (size_t i = 0; i < ascending.size(); ++i) {
    EXPECT_EQ(quantile_value(quantile_key(ascending[i])), ascending[i]);
    if (i > 0) {
      EXPECT_LT(quantile_key(ascending[i - 1]), quantile_key(ascending[i]));
    }
  }
  EXPECT_EQ(quantile_key(-0.0), quantile_key(0.0));
}

}  // namespace
}  // namespace clientele
