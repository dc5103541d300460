#include <cmath>

#include "screen.h"

namespace clientele::gpu {

std::vector<ScreenBound> bounds_for_screen(const CentroidsView& centroids) {
  std::vector<ScreenBound> bounds;
  for (int c = 0; c < centroids.k; ++c) {
    double norm2 = 0;
    for (int j = 0; j < centroids.d; ++j) norm2 = norm_step(norm2, centroids.data[int64_t{c} * centroids.d + j]);
    bounds.push_back(screen_bound(norm2, centroids.d));
  }
  return bounds;
}

std::vector<float> grouped_for_screen(const CentroidsView& centroids, const std::vector<ScreenBound>& bounds) {
  const int64_t groups = (centroids.k + kScreenGroup - 1) / kScreenGroup;
  std::vector<float> grouped(static_cast<size_t>(groups * centroids.d * kScreenGroup));
  for (int64_t c = 0; c < centroids.k; ++c) {
    if (std::isinf(bounds[static_cast<size_t>(c)].bias))
      continue;  // its lower bound must stay -inf, whatever its coordinates
    for (int64_t j = 0; j < centroids.d; ++j) {
      grouped[static_cast<size_t>(grouped_index(c, j, centroids.d))] = -centroids.data[c * centroids.d + j];
    }
  }
  return grouped;
}

ScreenedCentroids::ScreenedCentroids(const Device& device, const CentroidsView& centroids)
    : k_(centroids.k), d_(centroids.d), growth_(screen_growth(centroids.d)) {
  std::vector<ScreenBound> bounds = bounds_for_screen(centroids);
  const std::vector<float> grouped = grouped_for_screen(centroids, bounds);
  bounds.resize((bounds.size() + kScreenGroup - 1) / kScreenGroup * kScreenGroup);
  values_ = uploaded<float>(device, {centroids.data, static_cast<size_t>(int64_t{k_} * d_)}, "centroids");
  grouped_ = uploaded<float>(device, grouped, "centroids of the screen");
  bounds_ = uploaded<ScreenBound>(device, bounds, "error bounds of the screen");
}

}  // namespace clientele::gpu
