// Between which order statistics a quantile of weighted values lies.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace clientele {

/// Ranks (from 0) among values of which each is there m times; the quantile is fma(fraction, high - low, low) of the
/// values there.
struct QuantileRanks {
  int64_t low = 0, high = 0;
  double fraction = 0;
};

/// Type 7 (Hyndman & Fan, The American Statistician 50, 1996) among n = weight / unit clients: position probability *
/// (n - 1), between clients low and low + 1, each of which has the value at which its part of the weight begins; at
/// probability 1 the greatest value, in which no client need begin where weights are fractions. weight: the sum of m,
/// > 0; unit: m of one client. With unit 1 and every m 1 it is the quantile of the plain values; with whole weights
/// that of each value repeated as often, as wtd.quantile of R's Hmisc.
inline QuantileRanks quantile_ranks(double probability, int64_t weight, double unit) {
  if (probability >= 1) return {.low = weight - 1, .high = weight - 1};
  const double clients = static_cast<double>(weight) / unit;
  const double position = std::max(probability * (clients - 1), 0.0);
  const double low = std::floor(position);
  const auto rank = [&](double client) {
    return std::min(static_cast<int64_t>(std::floor(client * unit)), weight - 1);
  };
  return {.low = rank(low), .high = rank(low + 1), .fraction = position - low};
}

}  // namespace clientele
