#include "tests/cluster/lloyd_oracle.h"

#include <cmath>

namespace clientele::test {

namespace {

std::vector<float> means(const SlowFit& fit, std::span<const double> scales, int d, bool spherical) {
  std::vector<float> out = fit.centroids;
  for (size_t c = 0; c < fit.counts.size(); ++c) {
    if (fit.counts[c] == 0) continue;
    double norm2 = 0;
    std::vector<double> mean;
    for (int j = 0; j < d; ++j) {
      const double sum = static_cast<double>(fit.sums[c * static_cast<size_t>(d) + static_cast<size_t>(j)]);
      mean.push_back(sum / scales[static_cast<size_t>(j)] / static_cast<double>(fit.counts[c]));
      norm2 = std::fma(mean.back(), mean.back(), norm2);
    }
    const double norm = spherical ? std::sqrt(norm2) : 1;
    if (norm == 0) continue;
    for (int j = 0; j < d; ++j)
      out[c * static_cast<size_t>(d) + static_cast<size_t>(j)] =
          static_cast<float>(mean[static_cast<size_t>(j)] / norm);
  }
  return out;
}

int64_t repair(const oracle::Rows& rows, const SlowFit& fit, std::vector<float>& next) {
  std::vector<size_t> empty;
  for (size_t c = 0; c < fit.counts.size(); ++c)
    if (fit.counts[c] == 0) empty.push_back(c);
  const oracle::Centroids centroids{static_cast<int>(fit.counts.size()), next};
  const std::vector<FarRow> far = oracle::far_rows(rows, centroids, fit.labels, static_cast<int>(empty.size()));
  int64_t changed = 0;
  for (size_t i = 0; i < far.size(); ++i) {
    const auto at = next.begin() + static_cast<int64_t>(empty[i]) * rows.d;
    changed += std::equal(far[i].values.begin(), far[i].values.end(), at) ? 0 : 1;
    std::copy(far[i].values.begin(), far[i].values.end(), at);
  }
  return changed;
}

}  // namespace

SlowFit slow_lloyd(const oracle::Rows& rows, std::vector<float> start, int64_t max_iterations, bool spherical) {
  SlowFit fit;
  fit.centroids = std::move(start);
  const int k = static_cast<int>(fit.centroids.size()) / rows.d;
  const std::vector<double> scales = oracle::scales(rows);
  while (fit.iterations < max_iterations && !fit.converged) {
    fit.labels = oracle::labels(rows, {k, fit.centroids});
    const std::vector<Int128> sums = oracle::sums(rows, fit.labels, k, scales);
    const std::vector<int64_t> counts = oracle::counts(rows, fit.labels, k, true);
    const bool same = sums == fit.sums && counts == fit.counts;
    fit.sums = sums;
    fit.counts = counts;
    std::vector<float> next = means(fit, scales, rows.d, spherical);
    const int64_t repaired = repair(rows, fit, next);
    fit.repairs += repaired;
    fit.centroids = std::move(next);
    fit.converged = same && repaired == 0;
    ++fit.iterations;
  }
  return fit;
}

long double slow_inertia(const oracle::Rows& rows, const std::vector<int32_t>& labels,
                         const std::vector<float>& centroids) {
  long double sum = 0;
  for (int64_t i = 0; i < rows.n; ++i)
    for (int j = 0; j < rows.d; ++j) {
      const long double t =
          static_cast<long double>(rows.row(i)[j]) -
          static_cast<long double>(centroids[static_cast<size_t>(labels[static_cast<size_t>(i)] * rows.d + j)]);
      sum += static_cast<long double>(rows.weight(i)) * t * t;
    }
  return sum;
}

}  // namespace clientele::test
