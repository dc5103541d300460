#include "tests/support/oracle.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

namespace clientele::oracle {

namespace {
constexpr double kInfinity = std::numeric_limits<double>::infinity();
}

double d2(const float* x, const float* c, int d) {
  double acc = 0;
  for (int j = 0; j < d; ++j) {
    const double t = double(x[j]) - double(c[j]);
    acc = std::fma(t, t, acc);
  }
  return acc;
}

Nearest nearest(const Rows& rows, int64_t i, const Centroids& centroids) {
  std::vector<std::pair<double, int>> all;
  for (int c = 0; c < centroids.k; ++c) all.emplace_back(d2(rows.row(i), centroids.x.data() + c * rows.d, rows.d), c);
  std::partial_sort(all.begin(), all.begin() + std::min<int>(2, centroids.k), all.end());
  Nearest result{all[0].second, -1, all[0].first, 0};
  if (centroids.k > 1) {
    result.second = all[1].second;
    result.second_d2 = all[1].first;
  }
  return result;
}

std::vector<int32_t> labels(const Rows& rows, const Centroids& centroids) {
  std::vector<int32_t> result;
  for (int64_t i = 0; i < rows.n; ++i) result.push_back(nearest(rows, i, centroids).first);
  return result;
}

std::vector<double> scales(const Rows& rows) {
  std::vector<double> result;
  for (int j = 0; j < rows.d; ++j) {
    double most = 0;
    for (int64_t i = 0; i < rows.n; ++i) most = std::max(most, std::fabs(double(rows.row(i)[j])));
    int e = 40;
    if (most > 0) {
      e = -200;
      while (std::ldexp(1.0, e) < most) ++e;
    }
    result.push_back(std::ldexp(1.0, 40 - e));
  }
  return result;
}

std::vector<Int128> sums(const Rows& rows, std::span<const int32_t> labels, int k, std::span<const double> scales) {
  std::vector<Int128> result(size_t(k) * size_t(rows.d));
  for (int64_t i = 0; i < rows.n; ++i)
    for (int j = 0; j < rows.d; ++j)
      result[size_t(labels[size_t(i)] * rows.d + j)] +=
          Int128{rows.weight(i)} * std::llrint(double(rows.row(i)[j]) * scales[size_t(j)]);
  return result;
}

std::vector<int64_t> counts(const Rows& rows, std::span<const int32_t> labels, int k, bool weighted) {
  std::vector<int64_t> result(static_cast<size_t>(k));
  for (int64_t i = 0; i < rows.n; ++i) result[size_t(labels[size_t(i)])] += weighted ? rows.weight(i) : 1;
  return result;
}

std::vector<Int128> square_sums(const Rows& rows, std::span<const double> scales) {
  std::vector<Int128> result(static_cast<size_t>(rows.d));
  for (int64_t i = 0; i < rows.n; ++i)
    for (int j = 0; j < rows.d; ++j) {
      const Int128 q = std::llrint(double(rows.row(i)[j]) * scales[size_t(j)]);
      result[size_t(j)] += rows.weight(i) * q * q;
    }
  return result;
}

std::vector<double> block_sums(std::span<const double> values) {
  std::vector<double> blocks;
  for (size_t begin = 0; begin < values.size(); begin += 65536) {
    double lane[64] = {};
    for (size_t r = begin; r < std::min(values.size(), begin + 65536); ++r)
      if (!std::isnan(values[r])) lane[r % 64] += values[r];
    for (int half = 32; half >= 1; half /= 2)
      for (int i = 0; i < half; ++i) lane[i] += lane[i + half];
    blocks.push_back(lane[0]);
  }
  return blocks;
}

std::vector<double> block_sums_of(std::span<const double> values, std::span<const int32_t> labels, int c) {
  std::vector<double> kept(values.begin(), values.end());
  for (size_t i = 0; i < kept.size(); ++i)
    if (labels[i] != c) kept[i] = NAN;
  return block_sums(kept);
}

Moments moments(std::span<const double> values) {
  Moments result;
  double shift = 0;
  std::vector<double> deviations, squares;
  for (const double x : values) {
    const bool present = std::isfinite(x);
    if (std::isnan(x)) ++result.missing;
    if (std::isinf(x)) ++result.infinite;
    if (present && result.present++ == 0) shift = x;
    deviations.push_back(present ? x - shift : NAN);
    if (!present) continue;
    result.min = std::min(result.min, x);
    result.max = std::max(result.max, x);
  }
  if (result.present == 0) return result;
  double lane[64] = {};
  for (size_t r = 0; r < deviations.size(); ++r)
    if (!std::isnan(deviations[r])) lane[r % 64] = std::fma(deviations[r], deviations[r], lane[r % 64]);
  for (int half = 32; half >= 1; half /= 2)
    for (int i = 0; i < half; ++i) lane[i] += lane[i + half];
  const double n = double(result.present), p = block_sums(deviations)[0];
  result.mean = shift + p / n;
  result.m2 = std::max(0.0, lane[0] - p * p / n);
  return result;
}

double margin(const Nearest& nearest) {
  if (nearest.second < 0) return 1;
  const double r1 = std::sqrt(nearest.first_d2), r2 = std::sqrt(nearest.second_d2);
  return r2 == 0 ? 0 : (r2 - r1) / r2;
}

std::vector<FarRow> far_rows(const Rows& rows, const Centroids& centroids, std::span<const int32_t> labels, int count) {
  std::vector<FarRow> all;
  for (int64_t i = 0; i < rows.n; ++i) {
    const double own = d2(rows.row(i), centroids.x.data() + labels[size_t(i)] * rows.d, rows.d);
    if (own > 0 && rows.weight(i) > 0) all.push_back({own, rows.first_row + i, {rows.row(i), rows.row(i) + rows.d}});
  }
  std::stable_sort(all.begin(), all.end(), [](const FarRow& a, const FarRow& b) { return a.d2 > b.d2; });
  std::vector<FarRow> best;
  for (const FarRow& row : all) {
    const auto equal = [&](const FarRow& other) { return other.values == row.values; };
    if (int(best.size()) < count && std::none_of(best.begin(), best.end(), equal)) best.push_back(row);
  }
  return best;
}

Draw draw(const Rows& rows, const RandomKey& key, std::span<const double> min_d2) {
  Draw best{kInfinity, -1};
  for (int64_t i = 0; i < rows.n; ++i) {
    const double d = min_d2[size_t(i)];
    const double w = std::isinf(d) ? double(rows.weight(i)) : double(rows.weight(i)) * d;
    if (w == 0) continue;
    const double found = weighted_key(key, rows.first_row + i, w);
    if (best.row < 0 || found < best.key) best = {found, rows.first_row + i};
  }
  return best;
}

std::vector<std::pair<uint64_t, int64_t>> smallest_keys(const Rows& rows, const RandomKey& key, int64_t count) {
  std::vector<std::pair<uint64_t, int64_t>> all;
  for (int64_t i = 0; i < rows.n; ++i)
    if (rows.weight(i) > 0) all.emplace_back(random_bits(key, rows.first_row + i), rows.first_row + i);
  std::sort(all.begin(), all.end());
  if (int64_t(all.size()) > count) all.resize(size_t(count));
  return all;
}

std::vector<std::vector<float>> distinct_rows(const Rows& rows, int64_t limit) {
  std::vector<std::vector<float>> found;
  std::set<std::vector<float>> seen;
  for (int64_t i = 0; i < rows.n && int64_t(found.size()) < limit; ++i) {
    const std::vector<float> row(rows.row(i), rows.row(i) + rows.d);
    if (rows.weight(i) > 0 && seen.insert(row).second) found.push_back(row);
  }
  return found;
}

std::vector<double> norm2(const Rows& rows) {
  const std::vector<float> origin(static_cast<size_t>(rows.d));
  std::vector<double> result;
  for (int64_t i = 0; i < rows.n; ++i)
    result.push_back(double(rows.weight(i)) * d2(rows.row(i), origin.data(), rows.d));
  return result;
}

std::vector<double> squared_silhouette(const Rows& rows, std::span<const int32_t> labels,
                                       const SegmentMoments& segments) {
  const std::vector<float> origin(static_cast<size_t>(rows.d));
  std::vector<double> result;
  for (int64_t i = 0; i < rows.n; ++i) {
    const size_t own = size_t(labels[size_t(i)]);
    const double all = double(segments.count[own]), m = double(rows.weight(i)), self = std::min(segments.unit, m);
    double a = 0, b = kInfinity;
    for (size_t c = 0; c < segments.count.size(); ++c) {
      if (segments.count[c] == 0) continue;
      double dot = 0;
      for (int j = 0; j < rows.d; ++j)
        dot = std::fma(double(rows.row(i)[j]), segments.mean[c * size_t(rows.d) + size_t(j)], dot);
      double mean = (d2(rows.row(i), origin.data(), rows.d) - 2 * dot) + segments.mean_norm2[c];
      if (!(mean > 0)) mean = 0;
      if (c == own) a = mean * (all / (all - self));
      if (c != own) b = std::min(b, mean);
    }
    const bool defined = all > self && b < kInfinity && std::max(a, b) > 0;
    result.push_back(defined ? m * ((b - a) / std::max(a, b)) : 0);
  }
  return result;
}

std::vector<double> silhouette(const Rows& rows, std::span<const int32_t> labels, int k, double unit) {
  const std::vector<int64_t> sizes = counts(rows, labels, k, true);
  std::vector<double> result;
  for (int64_t i = 0; i < rows.n; ++i) {
    std::vector<double> sum(static_cast<size_t>(k));
    for (int64_t r = 0; r < rows.n; ++r)
      sum[size_t(labels[size_t(r)])] += double(rows.weight(r)) * std::sqrt(d2(rows.row(i), rows.row(r), rows.d));
    const size_t own = size_t(labels[size_t(i)]);
    const double all = double(sizes[own]), self = std::min(unit, double(rows.weight(i)));
    double b = kInfinity;
    for (size_t c = 0; c < size_t(k); ++c)
      if (c != own && sizes[c] > 0) b = std::min(b, sum[c] / double(sizes[c]));
    const double a = all > self ? sum[own] / (all - self) : 0;
    result.push_back(all > self && b < kInfinity && std::max(a, b) > 0 ? (b - a) / std::max(a, b) : 0);
  }
  return result;
}

}  // namespace clientele::oracle
