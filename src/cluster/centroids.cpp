#include "centroids.h"

#include <cmath>

#include "clientele/base/errors.h"

namespace clientele {

namespace {

double length(std::span<const double> v) {
  double sum = 0;
  for (const double x : v) sum = std::fma(x, x, sum);
  return std::sqrt(sum);
}

/// Rounds v / |v| into out; leaves out alone if |v| is 0.
void store_direction(std::span<const double> v, std::span<float> out) {
  const double norm = length(v);
  if (!(norm > 0)) return;
  for (size_t j = 0; j < v.size(); ++j) out[j] = static_cast<float>(v[j] / norm);
}

}  // namespace

std::vector<float> mean_centroids(const RowBlocks& rows, const Clustering& state, bool spherical) {
  const size_t d = static_cast<size_t>(state.d);
  std::vector<float> next = state.centroids;
  std::vector<double> mean(d);
  for (size_t c = 0; c < static_cast<size_t>(state.k); ++c) {
    if (state.counts[c] == 0) continue;
    const std::span<float> centroid(next.data() + c * d, d);
    for (size_t j = 0; j < d; ++j) {
      const WideSum& sum = state.sums[c * d + j];
      if (spherical)
        mean[j] = to_double(sum.value()) / rows.scales[j] / static_cast<double>(state.counts[c]);
      else
        centroid[j] = centroid_value(sum, rows.scales[j], state.counts[c]);
    }
    if (spherical) store_direction(mean, centroid);
  }
  return next;
}

double squared_shift(std::span<const float> from, std::span<const float> to) {
  double sum = 0;
  for (size_t i = 0; i < from.size(); ++i) {
    const double t = static_cast<double>(to[i]) - static_cast<double>(from[i]);
    sum = std::fma(t, t, sum);
  }
  return sum;
}

void make_unit(std::span<float> centroids, int d) {
  const size_t width = static_cast<size_t>(d);
  for (size_t begin = 0; begin < centroids.size(); begin += width) {
    const std::span<float> centroid = centroids.subspan(begin, width);
    const std::vector<double> v(centroid.begin(), centroid.end());
    // A unit vector that went through float32 stays as it is, so that a warm start begins with the model's own
    // centroids.
    if (std::fabs(length(v) - 1) > 1e-6) store_direction(v, centroid);
  }
}

std::vector<float> engine_centroids(std::span<const double> normalised, const RowBlocks& rows) {
  const size_t d = static_cast<size_t>(rows.d);
  std::vector<float> out(normalised.size());
  for (size_t i = 0; i < out.size(); ++i) {
    const float value = static_cast<float>(normalised[i] - rows.means[i % d]);
    if (!std::isfinite(value))
      throw Error(ErrorKind::input,
                  {.what = "a given centroid is not finite",
                   .where = "cluster.init: centroid " + std::to_string(i / d) + ", feature " + std::to_string(i % d),
                   .expected = "finite numbers within float32's range",
                   .found = std::to_string(normalised[i]),
                   .hint = "Given centroids are stated in the normalised space, k x d."});
    out[i] = value == 0 ? 0.0f : value;
  }
  return out;
}

}  // namespace clientele
