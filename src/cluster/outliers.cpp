#include "clientele/cluster/outliers.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace clientele {

namespace {

constexpr int kDigitBits = 16;

/// The value of this rank (from 0, ascending) among those of all ranks. The bits of floats that are not negative are
/// ordered as the floats are: two counts of 16 bits each find it.
float order_statistic(std::span<const float> values, int64_t rank, Comm& comm) {
  uint32_t high = 0;
  for (const bool first : {true, false}) {
    std::vector<int64_t> counts(size_t{1} << kDigitBits);
    for (const float value : values) {
      const uint32_t bits = std::bit_cast<uint32_t>(value == 0 ? 0.0f : value);
      if (first)
        ++counts[bits >> kDigitBits];
      else if (bits >> kDigitBits == high)
        ++counts[bits & 0xFFFFu];
    }
    comm.sum(counts);
    uint32_t digit = 0;
    for (; rank >= counts[digit]; ++digit) rank -= counts[digit];
    if (!first) return std::bit_cast<float>(high << kDigitBits | digit);
    high = digit;
  }
  return 0;  // not reached
}

}  // namespace

double quantile_of(std::span<const float> values, double probability, Comm& comm) {
  std::vector<int64_t> total = {static_cast<int64_t>(values.size())};
  comm.sum(total);
  if (total[0] == 0) return std::numeric_limits<double>::quiet_NaN();
  const double position = probability * static_cast<double>(total[0] - 1);
  const int64_t low = std::clamp<int64_t>(static_cast<int64_t>(std::floor(position)), 0, total[0] - 1);
  const double fraction = position - static_cast<double>(low);
  const double below = static_cast<double>(order_statistic(values, low, comm));
  if (!(fraction > 0) || low + 1 == total[0]) return below;
  const double above = static_cast<double>(order_statistic(values, low + 1, comm));
  return std::fma(fraction, above - below, below);
}

Outliers find_outliers(const Published& published, double share, Env& env) {
  Outliers out;
  if (!(share > 0)) return out;
  out.threshold = quantile_of(published.distance, 1 - share, env.comm);
  out.rows.resize(published.rows.size());
  for (size_t i = 0; i < published.distance.size(); ++i)
    if (static_cast<double>(published.distance[i]) > out.threshold) ++out.rows[static_cast<size_t>(published.label[i])];
  env.comm.sum(out.rows);
  return out;
}

}  // namespace clientele
