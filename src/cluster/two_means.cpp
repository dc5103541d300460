#include "clientele/cluster/two_means.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "clientele/base/exact_math.h"

namespace clientele {

namespace {

constexpr int kPowerSteps = 20, kLloydSteps = 50;

double dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (size_t j = 0; j < a.size(); ++j) sum = std::fma(a[j], b[j], sum);
  return sum;
}

void scale_to_unit(std::vector<double>& v) {
  const double length = std::sqrt(dot(v, v));
  for (double& x : v) x = length > 0 ? x / length : 0;
}

}  // namespace

double Cut::at(std::span<const double> row) const {
  if (spherical) return exact::atan2(dot(row, axis), dot(row, middle));
  double sum = 0;
  for (size_t j = 0; j < row.size(); ++j) sum = std::fma(row[j] - middle[j], axis[j], sum);
  return sum;
}

Sides sides_of(const TwoMeans& values, const Cut& cut, std::span<const int64_t> rows) {
  Sides out;
  for (const int64_t i : rows) (cut.at(values.row(i)) > 0 ? out.high : out.low).push_back(i);
  return out;
}

TwoMeans::TwoMeans(std::span<const float> values, int d, std::span<const int64_t> weights, bool spherical)
    : d_(static_cast<size_t>(d)),
      spherical_(spherical),
      values_(values.begin(), values.end()),
      weights_(weights.begin(), weights.end()) {}

Cut TwoMeans::between(std::span<const double> low, std::span<const double> high) const {
  Cut out{.axis = std::vector<double>(d_), .middle = std::vector<double>(d_), .spherical = spherical_};
  for (size_t j = 0; j < d_; ++j) {
    out.axis[j] = high[j] - low[j];
    out.middle[j] = low[j] + 0.5 * out.axis[j];
  }
  if (spherical_) {  // only directions count
    scale_to_unit(out.axis);
    scale_to_unit(out.middle);
  }
  return out;
}

Cut TwoMeans::cut(std::span<const int64_t> rows) const {
  Cut out{.axis = {}, .middle = mean(rows), .spherical = spherical_};
  out.axis = principal_axis(rows, out.middle);
  Sides sides = sides_of(*this, out, rows);
  std::vector<int64_t> before;
  for (int step = 0; step < kLloydSteps && sides.low != before; ++step) {
    const std::vector<double> low = mean(sides.low), high = mean(sides.high);
    if (low.empty() || high.empty()) break;
    out = between(low, high);
    before = std::move(sides.low);
    sides = sides_of(*this, out, rows);
  }
  return out;
}

std::vector<int64_t> TwoMeans::along_axis(std::span<const int64_t> rows) const {
  Cut cut{.axis = {}, .middle = mean(rows), .spherical = spherical_};
  cut.axis = principal_axis(rows, cut.middle);
  std::vector<std::pair<double, int64_t>> along;
  for (const int64_t i : rows) along.emplace_back(cut.at(row(i)), i);
  std::sort(along.begin(), along.end());
  std::vector<int64_t> out;
  for (const auto& [at, i] : along) out.push_back(i);
  return out;
}

std::vector<double> TwoMeans::mean(std::span<const int64_t> rows) const {
  std::vector<double> out(d_);
  double count = 0;
  for (const int64_t i : rows) {
    const double w = weight(i);
    for (size_t j = 0; j < d_; ++j) out[j] = std::fma(w, row(i)[j], out[j]);
    count += w;
  }
  if (!(count > 0)) return {};
  for (double& x : out) x /= count;
  if (spherical_) scale_to_unit(out);
  return out;
}

double TwoMeans::cost(std::span<const int64_t> rows, std::span<const double> point) const {
  double sum = 0;
  for (const int64_t i : rows) {
    double d2 = 0;
    for (size_t j = 0; j < d_; ++j) {
      const double t = row(i)[j] - point[j];
      d2 = std::fma(t, t, d2);
    }
    sum = std::fma(weight(i), d2, sum);
  }
  return sum;
}

/// By the power method, from the column of the largest spread.
std::vector<double> TwoMeans::principal_axis(std::span<const int64_t> rows, std::span<const double> centre) const {
  std::vector<double> spread(d_), off(d_), axis(d_), next(d_);
  const auto each = [&](auto&& body) {
    for (const int64_t i : rows) {
      for (size_t j = 0; j < d_; ++j) off[j] = row(i)[j] - centre[j];
      body(weight(i));
    }
  };
  if (centre.empty()) return axis;
  each([&](double w) {
    for (size_t j = 0; j < d_; ++j) spread[j] = std::fma(w * off[j], off[j], spread[j]);
  });
  axis[static_cast<size_t>(std::max_element(spread.begin(), spread.end()) - spread.begin())] = 1;
  for (int step = 0; step < kPowerSteps; ++step) {
    std::fill(next.begin(), next.end(), 0);
    each([&](double w) {
      const double along = w * dot(off, axis);
      for (size_t j = 0; j < d_; ++j) next[j] = std::fma(along, off[j], next[j]);
    });
    const double length = std::sqrt(dot(next, next));
    if (!(length > 0)) break;
    for (size_t j = 0; j < d_; ++j) axis[j] = next[j] / length;
  }
  return axis;
}

}  // namespace clientele
