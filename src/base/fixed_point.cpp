#include "clientele/base/fixed_point.h"

#include <cmath>
#include <string>

#include "clientele/base/errors.h"

namespace clientele {

int fixed_exponent(float max_abs) {
  if (!(max_abs >= 0) || std::isinf(max_abs)) {
    throw Error{ErrorKind::internal,
                {.what = "no fixed-point scale for a column",
                 .where = "fixed_exponent",
                 .expected = "a finite largest magnitude >= 0",
                 .found = std::to_string(max_abs)}};
  }
  if (max_abs == 0) return 40;
  int exponent = 0;
  const float mantissa = std::frexp(max_abs, &exponent);
  return mantissa == 0.5f ? exponent - 1 : exponent;
}

double fixed_scale(int exponent) {
  return std::ldexp(1.0, 40 - exponent);
}

int64_t quantise(float x, double scale) {
  const double scaled = static_cast<double>(x) * scale;
  if (!(std::fabs(scaled) <= 0x1p40)) {
    throw Error{ErrorKind::internal,
                {.what = "value outside its column's fixed-point range",
                 .where = "quantise",
                 .expected = "|x * scale| <= 2^40",
                 .found = std::to_string(x) + " * " + std::to_string(scale)}};
  }
  return std::llrint(scaled);
}

int weight_bits(double total, int64_t rows) {
  if (!(total > 0)) return 0;
  // Each rounding adds at most one half.
  const double limit = 0x1p42 - 0.5 * static_cast<double>(rows);
  int bits = 42 - std::ilogb(total);
  while (bits > -1100 && std::ldexp(total, bits) > limit) --bits;
  return bits;
}

int64_t quantise_weight(double w, int bits) {
  return std::llrint(std::ldexp(w, bits));
}

}  // namespace clientele
