// How one source column becomes one feature of the normalised space. The formula stands once, for host and device, for
// fitting, training and scoring. Steps: missing test, curve, winsorise, method, block factor, rounding to float32
// (exactness.md 2).
#pragma once

#include <cmath>
#include <cstdint>

#include "clientele/base/exact_math.h"
#include "clientele/base/host_device.h"

namespace clientele {

enum class Curve : int32_t { none = 0, log1p = 1, asinh = 2, log = 3 };
enum class FeatureForm : int32_t {
  number = 0,     ///< factor * (clamp(curve(x)) - shift) / scale
  one_hot = 1,    ///< factor where x == code (or is listed in `knots`, if knots_count > 0: "other"), else 0; a missing
                  ///< category is 0 everywhere
  indicator = 2,  ///< factor * ((x missing ? 1 : 0) - shift) / scale
  ranked = 3,     ///< factor * normal score of clamp(curve(x)) among `knots` (quantile normalisation)
};

/// One feature (one column of the n x d matrix).
struct FeatureTransform {
  int32_t source = 0;  ///< index of the source column (position in the schema)
  FeatureForm form = FeatureForm::number;
  Curve curve = Curve::none;
  double low = -HUGE_VAL;  ///< winsorising limits, in curve space
  double high = HUGE_VAL;
  double impute =
      NAN;  ///< stands for a missing value, in curve space; NaN: a missing value stays NaN and is an error later
  double shift = 0;
  double scale = 1;   ///< never 0
  double code = 0;    ///< for one_hot
  double factor = 1;  ///< block factor: sqrt(weight) / sqrt(total variance of the block), times a column weight's root
  int32_t knots_begin = 0;  ///< in FeatureSpace::knots. ranked: ascending type-7 quantiles at i / (knots_count - 1);
                            ///< one_hot: ascending codes
  int32_t knots_count = 0;
};

CLIENTELE_HD inline double apply_curve(Curve curve, double x) {
  switch (curve) {
    case Curve::log1p:
      return exact::log1p(x);
    case Curve::asinh:
      return exact::asinh(x);
    case Curve::log:
      return exact::log(x);
    case Curve::none:
      break;
  }
  return x;
}

/// Position of v among m >= 1 ascending knots, in [0, 1]: linear between knots, 0 below and 1 above all of them; equal
/// knots give the middle of their run, so ties are fair (as scikit-learn does). Then clipped to [1e-7, 1 - 1e-7] and
/// sent through the normal quantile function sqrt(2) erfinv(2p - 1).
CLIENTELE_HD inline double normal_score(const double* knots, int32_t m, double v) {
  int32_t below = 0;  // knots < v
  for (int32_t end = m; below < end;) {
    const int32_t middle = below + (end - below) / 2;
    if (knots[middle] < v) {
      below = middle + 1;
    } else {
      end = middle;
    }
  }
  int32_t up_to = below;  // knots <= v
  for (int32_t end = m; up_to < end;) {
    const int32_t middle = up_to + (end - up_to) / 2;
    if (knots[middle] <= v) {
      up_to = middle + 1;
    } else {
      end = middle;
    }
  }
  double p = 0;
  if (below == 0 && up_to == m) {
    p = 0.5;  // all knots are v
  } else if (up_to > below) {
    p = 0.5 * static_cast<double>(below + (up_to - 1)) / static_cast<double>(m - 1);
  } else if (below == m) {
    p = 1;
  } else if (below > 0) {
    const double part = (v - knots[below - 1]) / (knots[below] - knots[below - 1]);
    p = (static_cast<double>(below - 1) + part) / static_cast<double>(m - 1);
  }
  if (p < 1e-7) p = 1e-7;
  if (p > 1 - 1e-7) p = 1 - 1e-7;
  return 1.4142135623730951 * exact::erfinv(2 * p - 1);
}

/// True if code is one of m ascending codes.
CLIENTELE_HD inline bool is_listed(const double* codes, int32_t m, double code) {
  int32_t lo = 0, hi = m;
  while (lo < hi) {
    const int32_t mid = lo + (hi - lo) / 2;
    if (codes[mid] < code)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo < m && codes[lo] == code;
}

/// The feature's value in double before rounding. x is NaN when missing (infinite values were dealt with by cleaning).
CLIENTELE_HD inline double transform_value(const FeatureTransform& f, const double* knots, double x) {
  const bool missing = x != x;
  if (f.form == FeatureForm::one_hot) {
    const bool hit = f.knots_count > 0 ? is_listed(knots + f.knots_begin, f.knots_count, x) : x == f.code;
    return hit ? f.factor : 0.0;
  }
  if (f.form == FeatureForm::indicator) return f.factor * (((missing ? 1.0 : 0.0) - f.shift) / f.scale);
  double v = missing ? f.impute : apply_curve(f.curve, x);
  if (v < f.low) v = f.low;
  if (v > f.high) v = f.high;
  if (f.form == FeatureForm::ranked)
    return v != v ? v : f.factor * normal_score(knots + f.knots_begin, f.knots_count, v);
  return f.factor * ((v - f.shift) / f.scale);
}

/// Rounds to float32; then what is below 2^-50 in magnitude becomes +0 (so -0 never survives). NaN stays NaN.
CLIENTELE_HD inline float to_feature(double v) {
  const float f = static_cast<float>(v);
  const float a = f < 0 ? -f : f;
  return a < 0x1p-50f ? 0.0f : f;
}

}  // namespace clientele
