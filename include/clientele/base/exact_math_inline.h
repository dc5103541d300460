// Definitions of exact_math.h; include that. Sources: argument reduction after Cody and Waite ("Software Manual for the
// Elementary Functions", 1980), series of atanh, exp, sin, cos and atan, error-free sums and products after Dekker
// (1971) and Knuth (TAOCP 2, 4.2.2), normal quantile PPND16 (Wichura, Algorithm AS 241, Applied Statistics 37, 1988).
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "clientele/base/host_device.h"

namespace clientele::exact {

namespace steps {

inline constexpr double kLn2High = 0x1.62e42ffp-1;  // 28 bits, so that its product with an exponent is exact
inline constexpr double kLn2Low = -0x1.718432a1b0e26p-35;
inline constexpr double kRounder = 0x1.8p52;  // v + kRounder - kRounder is v rounded half to even, |v| < 2^51

CLIENTELE_HD inline int64_t bits_of(double x) {
  int64_t bits = 0;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

CLIENTELE_HD inline double double_of(int64_t bits) {
  double x = 0;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

CLIENTELE_HD inline double nan() {
  return double_of(0x7FF8000000000000);
}
CLIENTELE_HD inline double infinity() {
  return double_of(0x7FF0000000000000);
}

/// An unevaluated sum.
struct Pair {
  double high;
  double low;
};

/// a + b without error.
CLIENTELE_HD inline Pair sum(double a, double b) {
  const double s = a + b;
  const double b_part = s - a;
  return {s, (a - (s - b_part)) + (b - b_part)};
}

/// a * b without error.
CLIENTELE_HD inline Pair product(double a, double b) {
  const double p = a * b;
  return {p, std::fma(a, b, -p)};
}

/// x = 2^exponent * (1 + fraction) with 1 + fraction in [sqrt(1/2), sqrt(2)); x positive and normal.
struct Split {
  double exponent;
  double fraction;
};

CLIENTELE_HD inline Split split(double x) {
  const int64_t bits = bits_of(x);
  const int64_t exponent = (bits - 0x3FE6A09E667F3BCD) >> 52;
  return {static_cast<double>(exponent), double_of(bits - (exponent << 52)) - 1.0};
}

/// exponent * ln 2 + log(1 + f) + correction, by log(1 + f) = 2 atanh(s), s = f / (2 + f), arranged so that f itself
/// comes last.
CLIENTELE_HD inline double log_of(double exponent, double f, double correction) {
  const double s = f / (2.0 + f);
  const double z = s * s;
  const double w = z * z;
  const double odd = 2.0 / 3 + w * (2.0 / 7 + w * (2.0 / 11 + w * (2.0 / 15 + w * (2.0 / 19 + w * (2.0 / 23)))));
  const double even = 2.0 / 5 + w * (2.0 / 9 + w * (2.0 / 13 + w * (2.0 / 17 + w * (2.0 / 21))));
  const double tail = z * (odd + z * even);
  const double half_square = 0.5 * f * f;
  const double small = s * (half_square + tail) + (exponent * kLn2Low + correction);
  return exponent * kLn2High - ((half_square - small) - f);
}

/// log(1 + high + low), high > -1.
CLIENTELE_HD inline double log1p_of(double high, double low) {
  if (high > -0.29 && high < 0.41) return log_of(0, high, low / (1.0 + high));
  const Pair u = sum(1.0, high);
  const Split part = split(u.high);
  return log_of(part.exponent, part.fraction, (u.low + low) / u.high);
}

/// Quarter turns taken off an angle: angle = quarter * pi/2 + (high + low), |high| <= pi/4 (a rounding more).
struct Turned {
  int64_t quarter;
  double high;
  double low;
};

/// |x| <= 2^50. pi/2 stands to 159 bits.
CLIENTELE_HD inline Turned turn(double x) {
  const double k = (x * 0x1.45f306dc9c883p-1 + kRounder) - kRounder;
  const Pair first = product(k, 0x1.921fb54442d18p+0);
  const Pair second = product(k, 0x1.1a62633145c07p-54);
  const double third = k * -0x1.f1976b7ed8fbcp-110;
  const Pair a = sum(x - first.high, -first.low);
  const Pair b = sum(a.high, -second.high);
  const double rest = a.low + (b.low - (second.low + third));
  const double high = b.high + rest;
  return {static_cast<int64_t>(k) & 3, high, (b.high - high) + rest};
}

/// sin(r + low), |r| <= pi/4.
CLIENTELE_HD inline double sin_of(double r, double low) {
  const double z = r * r;
  const double tail =
      1.0 / 120 +
      z * (-1.0 / 5040 +
           z * (1.0 / 362880 + z * (-1.0 / 39916800 + z * (1.0 / 6227020800.0 + z * (-1.0 / 1307674368000.0 +
                                                                                     z * (1.0 / 355687428096000.0))))));
  const double cubic = z * r;
  return r + (cubic * (-1.0 / 6 + z * tail) + low * (1.0 - 0.5 * z));
}

/// cos(r + low), |r| <= pi/4.
CLIENTELE_HD inline double cos_of(double r, double low) {
  const double z = r * r;
  const double tail =
      1.0 / 24 +
      z * (-1.0 / 720 +
           z * (1.0 / 40320 + z * (-1.0 / 3628800 +
                                   z * (1.0 / 479001600 + z * (-1.0 / 87178291200.0 + z * (1.0 / 20922789888000.0))))));
  const double half = 0.5 * z;
  const double head = 1.0 - half;
  return head + (((1.0 - head) - half) + (z * z * tail - r * low));
}

/// Wichura's PPND16 in its tail: deviate of the tail probability p = exp(-r * r), both tails alike.
CLIENTELE_HD inline double normal_tail(double r) {
  if (r <= 5) {
    const double t = r - 1.6;
    const double numerator =
        ((((((7.74545014278341407640e-4 * t + 2.27238449892691845833e-2) * t + 2.41780725177450611770e-1) * t +
            1.27045825245236838258) *
               t +
           3.64784832476320460504) *
              t +
          5.76949722146069140550) *
             t +
         4.63033784615654529590) *
            t +
        1.42343711074968357734;
    const double denominator =
        ((((((1.05075007164441684324e-9 * t + 5.47593808499534494600e-4) * t + 1.51986665636164571966e-2) * t +
            1.48103976427480074590e-1) *
               t +
           6.89767334985100004550e-1) *
              t +
          1.67638483018380384940) *
             t +
         2.05319162663775882187) *
            t +
        1.0;
    return numerator / denominator;
  }
  const double t = r - 5;
  const double numerator =
      ((((((2.01033439929228813265e-7 * t + 2.71155556874348757815e-5) * t + 1.24266094738807843860e-3) * t +
          2.65321895265761230930e-2) *
             t +
         2.96560571828504891230e-1) *
            t +
        1.78482653991729133580) *
           t +
       5.46378491116411436990) *
          t +
      6.65790464350110377720;
  const double denominator =
      ((((((2.04426310338993978564e-15 * t + 1.42151175831644588870e-7) * t + 1.84631831751005468180e-5) * t +
          7.86869131145613259100e-4) *
             t +
         1.48753612908506148525e-2) *
            t +
        1.36929880922735805310e-1) *
           t +
       5.99832206555887937690e-1) *
          t +
      1.0;
  return numerator / denominator;
}

/// The same near the centre: deviate of the probability 1/2 + q, |q| <= 0.425.
CLIENTELE_HD inline double normal_centre(double q) {
  const double t = 0.180625 - q * q;
  const double numerator =
      ((((((2.5090809287301226727e3 * t + 3.3430575583588128105e4) * t + 6.7265770927008700853e4) * t +
          4.5921953931549871457e4) *
             t +
         1.3731693765509461125e4) *
            t +
        1.9715909503065514427e3) *
           t +
       1.3314166789178437745e2) *
          t +
      3.3871328727963666080;
  const double denominator =
      ((((((5.2264952788528545610e3 * t + 2.8729085735721942674e4) * t + 3.9307895800092710610e4) * t +
          2.1213794301586595867e4) *
             t +
         5.3941960214247511077e3) *
            t +
        6.8718700749205790830e2) *
           t +
       4.2313330701600911252e1) *
          t +
      1.0;
  return q * (numerator / denominator);
}

/// atan(y / x) for 0 <= y <= x, 0 < x, neither near the limits of the range.
CLIENTELE_HD inline Pair atan_of(double y, double x) {
  // atan(y / x) = atan(c) + atan((y - c x) / (x + c y)) with the nearest quarter c, so that the series sees at most
  // 1/8.
  double c = 1, high = 0x1.921fb54442d18p-1, low = 0x1.1a62633145c07p-55;
  if (y < 0.125 * x) {
    c = high = low = 0;
  } else if (y < 0.375 * x) {
    c = 0.25, high = 0x1.f5b75f92c80ddp-3, low = 0x1.8ab6e3cf7afbdp-57;
  } else if (y < 0.625 * x) {
    c = 0.5, high = 0x1.dac670561bb4fp-2, low = 0x1.a2b7f222f65e2p-56;
  } else if (y < 0.875 * x) {
    c = 0.75, high = 0x1.4978fa3269ee1p-1, low = 0x1.2419a87f2a458p-56;
  }
  const double t = std::fma(-c, x, y) / std::fma(c, y, x);
  const double z = t * t;
  const double tail =
      -1.0 / 3 +
      z * (1.0 / 5 +
           z * (-1.0 / 7 + z * (1.0 / 9 + z * (-1.0 / 11 + z * (1.0 / 13 + z * (-1.0 / 15 + z * (1.0 / 17)))))));
  const Pair all = sum(high, t);
  return {all.high, all.low + (low + t * z * tail)};
}

}  // namespace steps

CLIENTELE_HD inline double log(double x) {
  if (!(x > 0)) return x == 0 ? -steps::infinity() : steps::nan();
  if (x == steps::infinity()) return x;
  double lifted = 0;
  if (x < 0x1p-1022) {
    x *= 0x1p54;
    lifted = 54;
  }
  const steps::Split part = steps::split(x);
  return steps::log_of(part.exponent - lifted, part.fraction, 0);
}

CLIENTELE_HD inline double log1p(double x) {
  if (!(x > -1)) return x == -1 ? -steps::infinity() : steps::nan();
  if (x == steps::infinity() || std::fabs(x) < 0x1p-54) return x;
  return steps::log1p_of(x, 0);
}

CLIENTELE_HD inline double exp(double x) {
  if (x != x) return x;
  if (x > 709.79) return steps::infinity();
  if (x < -745.2) return 0;
  const double k = (x * 0x1.71547652b82fep+0 + steps::kRounder) - steps::kRounder;
  const double high = x - k * steps::kLn2High;
  const double low = k * steps::kLn2Low;
  const double r = high - low;
  const double lost = (high - r) - low;
  const double z = r * r;
  const double even = 1.0 / 24 + z * (1.0 / 720 + z * (1.0 / 40320 + z * (1.0 / 3628800 + z * (1.0 / 479001600))));
  const double odd =
      1.0 / 6 +
      z * (1.0 / 120 + z * (1.0 / 5040 + z * (1.0 / 362880 + z * (1.0 / 39916800 + z * (1.0 / 6227020800.0)))));
  const double y = 1.0 + (r + (z * (0.5 + (z * even + r * odd)) + (lost + lost * r)));
  const int64_t exponent = static_cast<int64_t>(k);
  if (exponent > 1000) return y * steps::double_of((1023 + exponent - 1000) << 52) * 0x1p1000;
  if (exponent < -1000) return y * steps::double_of((1023 + exponent + 1000) << 52) * 0x1p-1000;
  return y * steps::double_of((1023 + exponent) << 52);
}

CLIENTELE_HD inline double asinh(double x) {
  const double a = std::fabs(x);
  if (!(a >= 0x1p-28) || a == steps::infinity()) return x;
  double y = 0;
  if (a > 0x1p28) {
    const steps::Split part = steps::split(a);
    y = steps::log_of(part.exponent + 1, part.fraction, 0);
  } else {
    // asinh(a) = log1p(a + a^2 / (1 + sqrt(1 + a^2))), its argument carried in two words.
    const steps::Pair square = steps::product(a, a);
    const steps::Pair under = steps::sum(1.0, square.high);
    const double root = std::sqrt(under.high);
    const double root_low = (std::fma(-root, root, under.high) + (under.low + square.low)) / (2.0 * root);
    const steps::Pair below = steps::sum(1.0, root);
    const double q = square.high / below.high;
    const double q_low =
        (std::fma(-q, below.high, square.high) + (square.low - q * (below.low + root_low))) / below.high;
    const steps::Pair argument = steps::sum(a, q);
    y = steps::log1p_of(argument.high, argument.low + q_low);
  }
  return x < 0 ? -y : y;
}

CLIENTELE_HD inline double erfinv(double x) {
  const double a = std::fabs(x);
  if (!(a <= 1)) return steps::nan();
  if (a == 1) return x < 0 ? -steps::infinity() : steps::infinity();
  const double kRootHalf = 0x1.6a09e667f3bcdp-1;
  const double q = 0.5 * x;
  if (std::fabs(q) <= 0.425) return kRootHalf * steps::normal_centre(q);
  const double tail = steps::normal_tail(std::sqrt(-log(0.5 * (1.0 - a))));
  return x < 0 ? -(kRootHalf * tail) : kRootHalf * tail;
}

CLIENTELE_HD inline double sin(double x) {
  if (!(std::fabs(x) <= 0x1p50)) return steps::nan();
  if (std::fabs(x) < 0x1p-27) return x;
  const steps::Turned angle = steps::turn(x);
  const double y =
      (angle.quarter & 1) != 0 ? steps::cos_of(angle.high, angle.low) : steps::sin_of(angle.high, angle.low);
  return (angle.quarter & 2) != 0 ? -y : y;
}

CLIENTELE_HD inline double cos(double x) {
  if (!(std::fabs(x) <= 0x1p50)) return steps::nan();
  const steps::Turned angle = steps::turn(x);
  const double y =
      (angle.quarter & 1) != 0 ? steps::sin_of(angle.high, angle.low) : steps::cos_of(angle.high, angle.low);
  return ((angle.quarter + 1) & 2) != 0 ? -y : y;
}

CLIENTELE_HD inline double atan2(double y, double x) {
  if (x != x || y != y) return steps::nan();
  const bool left = steps::bits_of(x) < 0;
  const bool down = steps::bits_of(y) < 0;
  double a = std::fabs(x), b = std::fabs(y);
  const double infinity = steps::infinity();
  if (a == infinity || b == infinity) {
    const double finite_a = a == infinity ? 1.0 : 0.0;
    b = b == infinity ? 1.0 : 0.0;
    a = finite_a;
  }
  const bool steep = b > a;
  if (steep) {
    const double t = a;
    a = b;
    b = t;
  }
  steps::Pair angle = {0, 0};
  if (a > 0) {
    const double factor = a > 0x1p1000 ? 0x1p-10 : a < 0x1p-500 ? 0x1p500 : 1.0;
    angle = steps::atan_of(b * factor, a * factor);
  }
  // pi/2 - angle when steep, pi - angle on the left, in two words until the end.
  if (steep) {
    const steps::Pair turned = steps::sum(0x1.921fb54442d18p+0, -angle.high);
    angle = {turned.high, turned.low + (0x1.1a62633145c07p-54 - angle.low)};
  }
  if (left) {
    const steps::Pair turned = steps::sum(0x1.921fb54442d18p+1, -angle.high);
    angle = {turned.high, turned.low + (0x1.1a62633145c07p-53 - angle.low)};
  }
  const double result = angle.high + angle.low;
  return down ? -result : result;
}

}  // namespace clientele::exact
