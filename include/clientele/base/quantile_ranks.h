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

/// Type 7 (Hyndman & Fan, The American Statistician 50, 1996) among n = weight / unit clients, as for frequency weights
/// (wtd.quantile of R's Hmisc): position probability * (n - 1), between clients low and low + 1. weight: the sum of m,
/// > 0; unit: m of one client. With unit 1 and every m 1 it is the quantile of the plain values; with whole weights
/// that of each value repeated as often.
inline QuantileRanks quantile_ranks(double probability, int64_t weight, double unit) {
  const double clients = static_cast<double>(weight) / unit;
  const double position = std::max(probability * (clients - 1), 0.0);
  const double low = std::floor(position);
  const auto rank = [&](double client) {
    return std::min(static_cast<int64_t>(std::floor(client * unit)), weight - 1);
  };
  return {.low = rank(low), .high = rank(low + 1), .fraction = position - low};
}

}  // namespace clientele
