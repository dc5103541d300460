// Every formula of a backend whose bits are part of a result, once, for host and device (exactness.md 1, 4, 5, 6). A
// vectorised kernel may evaluate them for many rows side by side, but performs exactly these IEEE operations, in this
// order, for each row. Also the certificate of a float32 screen, so that both backends screen with the same proven
// bound.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "clientele/base/host_device.h"
#include "clientele/base/transform.h"

namespace clientele {

// ---- distance ----

/// One step of D: fma(t, t, acc) with t = double(x) - double(c).
CLIENTELE_HD inline double distance_step(double acc, float x, float c) {
  const double t = static_cast<double>(x) - static_cast<double>(c);
  return std::fma(t, t, acc);
}

/// The canonical squared distance D(x, c), j ascending. x_step and c_step are the distances between coordinates in
/// memory.
CLIENTELE_HD inline double canonical_d2(const float* x, int64_t x_step, const float* c, int64_t c_step, int d) {
  double acc = 0;
  for (int j = 0; j < d; ++j) acc = distance_step(acc, x[j * x_step], c[j * c_step]);
  return acc;
}

/// Published distance: float(sqrt(D1)). Sums of distances take the double before rounding.
CLIENTELE_HD inline float published_distance(double d2) {
  return static_cast<float>(std::sqrt(d2));
}

/// (r2 - r1) / r2 of the roots of D of the nearest and the second nearest centroid; 0 where the second is at distance
/// 0. k = 1: the margin is 1. The sum of margins adds this double; the published margin is its float.
CLIENTELE_HD inline double margin_of(double nearest_d2, double second_d2) {
  const double r1 = std::sqrt(nearest_d2);
  const double r2 = std::sqrt(second_d2);
  return r2 > 0 ? (r2 - r1) / r2 : 0.0;
}

// ---- rows ----

/// A feature less its column mean; |v| < 2^-50 becomes +0.
CLIENTELE_HD inline float centred_value(float x, double mean) {
  return to_feature(static_cast<double>(x) - mean);
}

/// to_feature makes this value zero although it is none.
CLIENTELE_HD inline bool is_flushed(double v) {
  return v != 0 && to_feature(v) == 0.0f;
}

/// One step of |x|^2 of a row in double, j ascending: fma(x, x, acc).
CLIENTELE_HD inline double norm_step(double acc, float x) {
  const double v = static_cast<double>(x);
  return std::fma(v, v, acc);
}

/// A coordinate of the unit row, norm = sqrt(|x|^2) > 0; |v| < 2^-50 becomes +0.
CLIENTELE_HD inline float unit_value(float x, double norm) {
  return to_feature(static_cast<double>(x) / norm);
}

// ---- exact quantiles ----

/// The type-7 quantile a share f of the way from one order statistic to the next.
CLIENTELE_HD inline double between(double f, double low, double high) {
  return f == 0 ? low : std::fma(f, high - low, low);  // high - low may overflow
}

/// Order-preserving key of a finite double; -0 equals +0.
CLIENTELE_HD inline uint64_t ordered_key(double x) {
  const double y = x + 0.0;  // -0 becomes +0
  uint64_t bits = 0;
  memcpy(&bits, &y, sizeof bits);
  return (bits >> 63) != 0 ? ~bits : bits | (uint64_t{1} << 63);
}

CLIENTELE_HD inline double ordered_value(uint64_t key) {
  const uint64_t bits = (key >> 63) != 0 ? key & ~(uint64_t{1} << 63) : ~key;
  double x = 0;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/// 16-bit digit `level` of a key, 0 the highest.
CLIENTELE_HD inline uint32_t key_digit(uint64_t key, int level) {
  return static_cast<uint32_t>(key >> (48 - 16 * level)) & 0xFFFFu;
}

/// The bits above digit `level`, as a number (0 at level 0): what count_digits compares with its prefix.
CLIENTELE_HD inline uint64_t key_prefix(uint64_t key, int level) {
  return level == 0 ? 0 : key >> (64 - 16 * level);
}

// ---- seeding ----

/// Weight of a row in a draw: m * min_d2, or m before the first centroid (min_d2 = +inf). 0 never wins.
CLIENTELE_HD inline double draw_weight(int64_t m, double min_d2) {
  const double weight = static_cast<double>(m);
  return m == 0 || std::isinf(min_d2) ? weight : weight * min_d2;
}

/// False only if weighted_key of a row with uniform number u and weight w certainly exceeds `best`: -log(u) >= 1 - u,
/// and 2^-40 is far more than all roundings. Most rows are decided without a logarithm.
CLIENTELE_HD inline bool draw_may_win(double u, double w, double best) {
  return (1.0 - u) * (1.0 - 0x1p-40) <= best * w;
}

/// A row's term of a potential: m * min(min_d2, D).
CLIENTELE_HD inline double potential_term(int64_t m, double min_d2, double d2) {
  return static_cast<double>(m) * (d2 < min_d2 ? d2 : min_d2);
}

// ---- silhouettes ----

/// Mean squared distance of a row to a segment, from double fma chains over j ascending: norm2 = sum x^2, dot = sum x *
/// mean_j (both from 0). Below 0 (cancellation) counts as 0.
CLIENTELE_HD inline double mean_squared_distance(double norm2, double dot, double mean_norm2) {
  const double d2 = (norm2 - 2.0 * dot) + mean_norm2;
  return d2 > 0 ? d2 : 0.0;
}

/// Mean over the others of the row's own segment (weight n in all), from the mean over all of it: the row itself, that
/// leaves u out (1 in unweighted jobs), adds 0. n > u.
CLIENTELE_HD inline double without_self(double mean_over_all, int64_t n, double u) {
  return mean_over_all * (static_cast<double>(n) / (static_cast<double>(n) - u));
}
/// u: what leaves itself out of its own segment, of a row of weight m.
CLIENTELE_HD inline double one_client(int64_t m, double unit) {
  const double all = static_cast<double>(m);
  return all < unit ? all : unit;
}

/// (b - a) / max(a, b): a to the own segment, b to the nearest other one. 0 where neither is positive or there is no
/// other segment (b = +inf).
CLIENTELE_HD inline double silhouette_value(double a, double b) {
  const double larger = a > b ? a : b;
  return larger > 0 && !std::isinf(larger) ? (b - a) / larger : 0.0;
}

// ---- drift ----

/// Rounds up whatever rounding has done to x >= 0.
CLIENTELE_HD inline double drift_up(double x) {
  return std::nextafter(x, HUGE_VAL);
}

/// At least the distance of a centroid's two places, all roundings included.
CLIENTELE_HD inline double centroid_movement(const float* from, const float* to, int d) {
  return drift_up(std::sqrt(canonical_d2(to, 1, from, 1, d)) * (1.0 + (d + 4) * 0x1p-52));
}

/// The two largest of k movements; second is 0 for k = 1.
struct LargestMovements {
  int largest;
  double first, second;
};
CLIENTELE_HD inline LargestMovements largest_movements(const double* moved, int k) {
  LargestMovements found{0, moved[0], 0};
  for (int c = 1; c < k; ++c) {
    if (moved[c] > found.first) {
      found = {c, moved[c], found.first};
    } else if (moved[c] > found.second) {
      found.second = moved[c];
    }
  }
  return found;
}

/// Drift::segment[c] and Drift::any after a step. Equal centroids have moved nothing; drift_up makes that the least
/// denormal, which costs nothing either.
CLIENTELE_HD inline double segment_after(double segment, double moved, int c, const LargestMovements& all) {
  return drift_up(segment + drift_up(moved + (c == all.largest ? all.second : all.first)));
}
CLIENTELE_HD inline double any_after(double any, const LargestMovements& all) {
  return drift_up(any + drift_up(all.first + all.second));
}

// ---- the certificate of a float32 FMA screen (exactness.md 4) ----

/// Least float >= v, greatest float <= v (v not NaN).
CLIENTELE_HD inline float float_up(double v) {
  const float f = static_cast<float>(v);
  return static_cast<double>(f) < v ? std::nextafter(f, HUGE_VALF) : f;
}
CLIENTELE_HD inline float float_down(double v) {
  const float f = static_cast<float>(v);
  return static_cast<double>(f) > v ? std::nextafter(f, -HUGE_VALF) : f;
}

/// Rows and centroids longer than this are never certified: nothing below can overflow float32.
inline constexpr float kScreenReach = 0x1p50f;

/// The screen's numbers for one centroid. For a row with |x| <= length (see screen_length), the fma chain
///   lower = bias; lower = fma(x_j, -c_j, lower) for all j; lower = fma(length, slope, lower), in any order of the fmas
/// satisfies lower <= s <= lower + gap(length) with s = |c|^2/2 - x.c, for chains of d + 1 steps in float32.
struct ScreenBound {
  float bias = 0;   ///< |c|^2/2 - err at |x| = 0, rounded down
  float slope = 0;  ///< -g |c|, rounded away from 0
  /// gap(length) = linear * length + square * length^2 + constant: 2 err and the rounding of D, rounded up.
  float linear = 0, square = 0, constant = 0;
};

/// norm2 = |c|^2 in double (any order).
CLIENTELE_HD inline ScreenBound screen_bound(double norm2, int d) {
  const double up = 1.0 + 0x1p-20;  // more than the few float32 roundings of the chain and of gap() itself
  const double g = 1.01 * (d + 4) * 0x1p-24;
  const double length = std::sqrt(norm2) * (1.0 + d * 0x1p-52);
  const double tiny = (d + 4) * 0x1p-148;  // results of the chain may be denormal
  ScreenBound b;
  // Always the best lower bound, never certified. g covers n u / (1 - n u) only while n u is small.
  if (!(length <= static_cast<double>(kScreenReach)) || d > 100'000) {
    b.bias = -HUGE_VALF;
    b.constant = HUGE_VALF;
    return b;
  }
  const double rounding = (d + 4) * 0x1p-53;  // (|x| + |c|)^2 <= 2 (|x|^2 + |c|^2)
  b.bias = float_down(norm2 / 2 * (1 - g * up) - tiny);
  b.slope = -float_up(g * length * up);
  b.linear = float_up(2 * g * length * up);
  b.square = float_up(2 * rounding * up);
  b.constant = float_up((g * norm2 + 2 * rounding * norm2) * up + 4 * tiny);
  return b;
}

/// fma form of gap(length); compare with a difference of two lower bounds: second - best > gap certifies (a NaN never
/// does).
CLIENTELE_HD inline float screen_gap(const ScreenBound& b, float length) {
  return std::fma(length, std::fma(length, b.square, b.linear), b.constant);
}

/// A bound on |x| from a float32 fma chain of x_j^2 (any order). Factor and offset cover the chain's rounding and
/// underflow.
CLIENTELE_HD inline float screen_length(float norm2, float growth) {
  return std::fma(std::sqrt(norm2), growth, 0x1p-60f);
}
/// The `growth` of screen_length for d coordinates.
CLIENTELE_HD inline float screen_growth(int d) {
  return float_up(1.0 + (d + 8) * 0x1p-24);
}

}  // namespace clientele
