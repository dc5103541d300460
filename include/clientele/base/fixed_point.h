// Sums that reach a result are integers (exactness.md 3): per column scale = 2^(40 - e), e the least exponent with
// max|x| <= 2^e; q = llrint(double(x) * scale), |q| <= 2^40. A sum of m*q is kept as two int64 words, which cannot
// overflow while sum(m) <= 2^42. Integer addition is associative: order, atomics, blocks and ranks cannot matter.
#pragma once

#include <cmath>
#include <cstdint>

#include "clientele/base/host_device.h"

namespace clientele {

__extension__ using Int128 = __int128;

/// high = sum of m * (q >> 20), low = sum of m * (q & (2^20 - 1)); the value is high * 2^20 + low.
struct WideSum {
  int64_t high = 0;
  int64_t low = 0;

  CLIENTELE_HD void add(int64_t q, int64_t m) {
    high += m * (q >> 20);
    low += m * (q & 0xFFFFF);
  }
  CLIENTELE_HD void add(const WideSum& other) {
    high += other.high;
    low += other.low;
  }
  /// Adds a plain int64 sum of at most 2^22 unweighted rows.
  CLIENTELE_HD void add_plain(int64_t sum) { add(sum, 1); }
  CLIENTELE_HD Int128 value() const { return static_cast<Int128>(high) * (Int128{1} << 20) + low; }
  /// Two WideSums are the same state only if their value is: words may differ, so compare and hash the value.
  friend bool same_value(const WideSum& a, const WideSum& b) { return a.value() == b.value(); }
};

/// The exponent e for a column whose largest |x| is max_abs (finite, >= 0); 40 (scale 1) for a column of zeros.
int fixed_exponent(float max_abs);
/// 2^(40 - e); always a normal double for float32 columns.
double fixed_scale(int exponent);
/// llrint(double(x) * scale), half to even.
int64_t quantise(float x, double scale);
/// The exactly rounded double of a 128-bit integer.
CLIENTELE_HD inline double to_double(Int128 value) {
  __extension__ using Unsigned = unsigned __int128;
  const bool negative = value < 0;
  const Unsigned rest = negative ? Unsigned{0} - static_cast<Unsigned>(value) : static_cast<Unsigned>(value);
  int top = 0;  // the highest bit that is set
  for (int step = 64; step > 0; step /= 2)
    if (rest >> top >> step != 0) top += step;
  // 54 bits stay, 53 of the result and the half, and one more that remembers whether anything was shifted out.
  const int shift = top > 53 ? top - 53 : 0;
  const bool sticky = (rest & ((Unsigned{1} << shift) - 1)) != 0;
  const uint64_t kept = (static_cast<uint64_t>(rest >> shift) << 1) | (sticky ? 1 : 0);
  const double magnitude = std::ldexp(static_cast<double>(kept), shift - 1);
  return negative ? -magnitude : magnitude;
}
/// float(double(sum) / scale / double(count)); count > 0.
CLIENTELE_HD inline float centroid_value(const WideSum& sum, double scale, int64_t count) {
  return static_cast<float>(to_double(sum.value()) / scale / static_cast<double>(count));
}

/// Row weights: the largest p that keeps sum(llrint(w * 2^p)) <= 2^42 for any `rows` weights of this sum, so that
/// weights of any unit are as fine as can be. total = exact double sum of the weights; 0: p is 0. Throws nothing; the
/// caller checks finiteness and w >= 0.
int weight_bits(double total, int64_t rows);
int64_t quantise_weight(double w, int bits);

}  // namespace clientele
