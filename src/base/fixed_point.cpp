#include "clientele/base/fixed_point.h"

#include <bit>
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

double to_double(Int128 value) {
  __extension__ using Unsigned = unsigned __int128;
  const bool negative = value < 0;
  Unsigned rest = negative ? Unsigned{0} - static_cast<Unsigned>(value) : static_cast<Unsigned>(value);
  // 54 bits stay, 53 of the result and the half, and one more that remembers whether anything was shifted out.
  const uint64_t upper = static_cast<uint64_t>(rest >> 64);
  const int length = 128 - (upper != 0 ? std::countl_zero(upper) : 64 + std::countl_zero(static_cast<uint64_t>(rest)));
  const int shift = length > 54 ? length - 54 : 0;
  const bool sticky = (rest & ((Unsigned{1} << shift) - 1)) != 0;
  const uint64_t kept = (static_cast<uint64_t>(rest >> shift) << 1) | (sticky ? 1 : 0);
  const double magnitude = std::ldexp(static_cast<double>(kept), shift - 1);
  return negative ? -magnitude : magnitude;
}

float centroid_value(const WideSum& sum, double scale, int64_t count) {
  return static_cast<float>(to_double(sum.value()) / scale / static_cast<double>(count));
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
