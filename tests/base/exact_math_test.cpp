#include "clientele/base/exact_math.h"

#include <gtest/gtest.h>

#include <bit>
#include <cfloat>
#include <cmath>
#include <functional>
#include <random>

namespace clientele {
namespace {

/// Distance to the true value in units of the double's last place there.
double ulps(double found, long double truth) {
  const double near = static_cast<double>(truth);
  if (std::isnan(near) || std::isinf(near)) return found == near || (found != found && near != near) ? 0 : HUGE_VAL;
  int exponent = 0;
  std::frexp(near, &exponent);
  const double unit = std::ldexp(1.0, std::max(exponent - 53, -1074));
  return static_cast<double>(std::fabs(static_cast<long double>(found) - truth) / unit);
}

using Draw = std::function<double(std::mt19937_64&)>;

Draw uniform(double low, double high) {
  return [=](std::mt19937_64& random) { return std::uniform_real_distribution<double>(low, high)(random); };
}

/// Either sign if `both`, magnitudes spread evenly over the binary exponents.
Draw magnitudes(double low, double high, bool both) {
  return [=](std::mt19937_64& random) {
    const double x = std::exp2(std::uniform_real_distribution<double>(low, high)(random));
    return both && random() % 2 == 0 ? -x : x;
  };
}

void expect_within(double limit, double (*f)(double), long double (*truth)(long double), const Draw& draw) {
  std::mt19937_64 random(11);
  double worst = 0, at = 0;
  for (int i = 0; i < 40'000; ++i) {
    const double x = draw(random);
    const double error = ulps(f(x), truth(x));
    if (!(error <= worst)) worst = error, at = x;
  }
  EXPECT_LE(worst, limit) << "at " << std::hexfloat << at;
}

/// Newton with Halley's correction in long double from a value that is already close.
long double true_erfinv(long double x) {
  const long double a = std::fabs(x);
  long double y = exact::erfinv(static_cast<double>(a));
  for (int i = 0; i < 4; ++i) {
    const long double error = a > 0.5L ? (1 - a) - std::erfc(y) : std::erf(y) - a;
    const long double step = error / (1.12837916709551257389615890312154517L * std::exp(-y * y));
    y -= step / (1 + y * step);
  }
  return x < 0 ? -y : y;
}

bool same_bits(double a, double b) {
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}

TEST(ExactMath, Logarithms) {
  expect_within(1, exact::log, std::log, magnitudes(-1074, 1024, false));
  expect_within(1, exact::log, std::log, uniform(0.5, 2));
  expect_within(1, exact::log, std::log, uniform(1 - 1e-6, 1 + 1e-6));
  expect_within(1, exact::log1p, std::log1p, magnitudes(-1070, -1, true));
  expect_within(1, exact::log1p, std::log1p, uniform(-1 + 1e-12, 5));
  expect_within(1, exact::log1p, std::log1p, magnitudes(-2, 1024, false));
  EXPECT_TRUE(same_bits(exact::log(1), 0.0));
  EXPECT_EQ(exact::log(0), -HUGE_VAL);
  EXPECT_EQ(exact::log(-0.0), -HUGE_VAL);
  EXPECT_EQ(exact::log(HUGE_VAL), HUGE_VAL);
  EXPECT_TRUE(std::isnan(exact::log(-1)) && std::isnan(exact::log(NAN)) && std::isnan(exact::log(-HUGE_VAL)));
  EXPECT_TRUE(same_bits(exact::log1p(-0.0), -0.0));
  EXPECT_EQ(exact::log1p(-1), -HUGE_VAL);
  EXPECT_EQ(exact::log1p(HUGE_VAL), HUGE_VAL);
  EXPECT_TRUE(std::isnan(exact::log1p(-1.5)) && std::isnan(exact::log1p(NAN)));
  for (const double x :
       {DBL_TRUE_MIN, DBL_MIN, DBL_MAX, std::nextafter(1.0, 0.0), std::nextafter(1.0, 2.0), M_SQRT2, M_SQRT1_2})
    EXPECT_LE(ulps(exact::log(x), std::log(static_cast<long double>(x))), 1) << x;
}

TEST(ExactMath, Exponential) {
  expect_within(1, exact::exp, std::exp, uniform(-1, 1));
  expect_within(1, exact::exp, std::exp, uniform(-708, 709.78));
  expect_within(1, exact::exp, std::exp, uniform(-745.2, -708));  // denormal results
  expect_within(1, exact::exp, std::exp, magnitudes(-1070, 0, true));
  EXPECT_EQ(exact::exp(0), 1);
  EXPECT_EQ(exact::exp(-0.0), 1);
  EXPECT_EQ(exact::exp(HUGE_VAL), HUGE_VAL);
  EXPECT_EQ(exact::exp(710), HUGE_VAL);
  EXPECT_EQ(exact::exp(709.785), HUGE_VAL);
  EXPECT_LT(exact::exp(709.78), HUGE_VAL);
  EXPECT_TRUE(same_bits(exact::exp(-HUGE_VAL), 0.0));
  EXPECT_TRUE(same_bits(exact::exp(-746), 0.0));
  EXPECT_EQ(exact::exp(-745), DBL_TRUE_MIN);
  EXPECT_TRUE(std::isnan(exact::exp(NAN)));
}

TEST(ExactMath, InverseHyperbolicSine) {
  expect_within(1, exact::asinh, std::asinh, magnitudes(-1000, 1024, true));
  expect_within(1, exact::asinh, std::asinh, magnitudes(-40, 40, true));
  expect_within(1, exact::asinh, std::asinh, uniform(-3, 3));
  EXPECT_TRUE(same_bits(exact::asinh(-0.0), -0.0));
  EXPECT_EQ(exact::asinh(-HUGE_VAL), -HUGE_VAL);
  EXPECT_EQ(exact::asinh(HUGE_VAL), HUGE_VAL);
  EXPECT_TRUE(std::isnan(exact::asinh(NAN)));
  EXPECT_LE(ulps(exact::asinh(DBL_MAX), std::asinh(static_cast<long double>(DBL_MAX))), 1);
}

TEST(ExactMath, InverseErrorFunction) {
  expect_within(8, exact::erfinv, true_erfinv, uniform(-1, 1));
  expect_within(8, exact::erfinv, true_erfinv, magnitudes(-1000, -1, true));
  const Draw tail = magnitudes(-53, -1, false);
  expect_within(8, exact::erfinv, true_erfinv, [&](std::mt19937_64& random) { return 1 - tail(random); });
  EXPECT_TRUE(same_bits(exact::erfinv(0), 0.0));
  EXPECT_TRUE(same_bits(exact::erfinv(-0.0), -0.0));
  EXPECT_EQ(exact::erfinv(1), HUGE_VAL);
  EXPECT_EQ(exact::erfinv(-1), -HUGE_VAL);
  EXPECT_TRUE(std::isnan(exact::erfinv(1.0000001)) && std::isnan(exact::erfinv(-2)) && std::isnan(exact::erfinv(NAN)));
  for (const double x : {0.1, 0.85, 0.9, 0.999999, 1 - 0x1p-53}) EXPECT_EQ(exact::erfinv(-x), -exact::erfinv(x));
}

TEST(ExactMath, SineAndCosine) {
  for (const auto& draw : {uniform(-0.8, 0.8), uniform(-10, 10), uniform(-1e6, 1e6), magnitudes(-1000, 0, true)}) {
    expect_within(1.5, exact::sin, std::sin, draw);
    expect_within(1.5, exact::cos, std::cos, draw);
  }
  expect_within(1.5, exact::sin, std::sin, magnitudes(0, 50, true));
  expect_within(1.5, exact::cos, std::cos, magnitudes(0, 50, true));
  EXPECT_TRUE(same_bits(exact::sin(-0.0), -0.0));
  EXPECT_TRUE(same_bits(exact::sin(0), 0.0));
  EXPECT_EQ(exact::cos(0), 1);
  for (const double wrong : {HUGE_VAL, -HUGE_VAL, double{NAN}, 0x1.8p50}) {
    EXPECT_TRUE(std::isnan(exact::sin(wrong)));
    EXPECT_TRUE(std::isnan(exact::cos(wrong)));
  }
}

TEST(ExactMath, SineAndCosineNextToTheirZeros) {
  for (int k = 1; k < 400'000; k += 997) {
    const double x = static_cast<double>(k * 1.57079632679489661923132169163975144L);
    for (const double y : {std::nextafter(x, 0.0), x, std::nextafter(x, 1e9)}) {
      EXPECT_LE(ulps(exact::sin(y), std::sin(static_cast<long double>(y))), 1.5) << k;
      EXPECT_LE(ulps(exact::cos(y), std::cos(static_cast<long double>(y))), 1.5) << k;
    }
  }
}

TEST(ExactMath, AngleOfAPoint) {
  std::mt19937_64 random(5);
  for (const Draw& draw : {magnitudes(-1, 1, true), magnitudes(-20, 20, true), magnitudes(-480, 480, true)}) {
    double worst = 0;
    for (int i = 0; i < 40'000; ++i) {
      const double x = draw(random), y = draw(random);
      worst = std::max(worst,
                       ulps(exact::atan2(y, x), std::atan2(static_cast<long double>(y), static_cast<long double>(x))));
    }
    EXPECT_LE(worst, 1.5);
  }
  const double inf = HUGE_VAL;
  const double special[] = {0.0, -0.0, 1.0, -1.0, inf, -inf, DBL_MAX, -DBL_MAX, DBL_TRUE_MIN, -DBL_TRUE_MIN, DBL_MIN};
  for (const double y : special)
    for (const double x : special) {
      const double found = exact::atan2(y, x), truth = std::atan2(y, x);
      EXPECT_LE(ulps(found, truth), 1) << y << " " << x;
      EXPECT_EQ(std::signbit(found), std::signbit(truth)) << y << " " << x;
    }
  EXPECT_TRUE(std::isnan(exact::atan2(NAN, 1)) && std::isnan(exact::atan2(1, NAN)) &&
              std::isnan(exact::atan2(NAN, inf)));
}

}  // namespace
}  // namespace clientele
