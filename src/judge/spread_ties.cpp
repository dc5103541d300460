#include "spread_ties.h"

#include <algorithm>
#include <cstddef>

#include "clientele/base/random.h"

namespace clientele {

namespace {

/// So many rows to a distinct value, on average, that equal ones are no chance.
constexpr size_t kRowsOfValue = 4;
constexpr size_t kFewestValues = 3;
/// Steps of counts on a logarithmic scale shrink by less from one to the next.
constexpr double kLikeStep = 2;

/// Where a value spreads to.
struct Reach {
  double low = 0, high = 0;
};

/// Of each of the ascending distinct values.
std::vector<Reach> reaches(const std::vector<double>& values) {
  const size_t steps = values.size() - 1;
  const auto step = [&](size_t i) { return values[i + 1] - values[i]; };
  std::vector<double> half(steps);
  for (size_t i = 0; i < steps; ++i) {
    double width = step(i);
    if (i > 0) width = std::min(width, kLikeStep * step(i - 1));
    if (i + 1 < steps) width = std::min(width, kLikeStep * step(i + 1));
    half[i] = width / 2;
  }
  std::vector<Reach> out;
  for (size_t i = 0; i < values.size(); ++i)
    out.push_back({.low = values[i] - half[i > 0 ? i - 1 : 0], .high = values[i] + half[std::min(i, steps - 1)]});
  return out;
}

}  // namespace

std::vector<float> spread_ties(const RowSample& sample, uint64_t seed) {
  std::vector<float> out = sample.values;
  const size_t n = sample.row.size(), d = static_cast<size_t>(sample.d);
  for (size_t j = 0; j < d; ++j) {
    std::vector<double> values(n);
    for (size_t i = 0; i < n; ++i) values[i] = static_cast<double>(sample.values[i * d + j]);
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    if (values.size() < kFewestValues || kRowsOfValue * values.size() > n) continue;
    const std::vector<Reach> reach = reaches(values);
    const RandomKey key{seed, Purpose::bootstrap, static_cast<uint32_t>(j), 3, 0};
    for (size_t i = 0; i < n; ++i) {
      float& value = out[i * d + j];
      const auto at = std::lower_bound(values.begin(), values.end(), static_cast<double>(value));
      const Reach& to = reach[static_cast<size_t>(at - values.begin())];
      value = static_cast<float>(to.low + random_unit(key, sample.row[i]) * (to.high - to.low));
    }
  }
  return out;
}

}  // namespace clientele
