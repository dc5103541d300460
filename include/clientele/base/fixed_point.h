// Sums that reach a result are integers (exactness.md 3): per column scale = 2^(40 - e), e the least exponent with
// max|x| <= 2^e; q = llrint(double(x) * scale), |q| <= 2^40. A sum of m*q is kept as two int64 words, which cannot
// overflow while sum(m) <= 2^42. Integer addition is associative: order, atomics, blocks and ranks cannot matter.
#pragma once

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
  Int128 value() const { return static_cast<Int128>(high) * (Int128{1} << 20) + low; }
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
double to_double(Int128 value);
/// float(double(sum) / scale / double(count)); count > 0.
float centroid_value(const WideSum& sum, double scale, int64_t count);

/// Row weights: the largest p that keeps sum(llrint(w * 2^p)) <= 2^42 for any `rows` weights of this sum, so that
/// weights of any unit are as fine as can be. total = exact double sum of the weights; 0: p is 0. Throws nothing; the
/// caller checks finiteness and w >= 0.
int weight_bits(double total, int64_t rows);
int64_t quantise_weight(double w, int bits);

}  // namespace clientele
