// Centroids on the device, ready for the float32 screen (exactness.md 4) and for canonical distances.
#pragma once

#include <vector>

#include "clientele/compute/backend.h"
#include "clientele/compute/formulas.h"
#include "device.h"
#include "tile.h"

namespace clientele::gpu {

/// What kernels see of one model's centroids. Device memory.
struct CentroidsOnDevice {
  const float* values = nullptr;   ///< k x d, row-major
  const float* grouped = nullptr;  ///< -c in groups of kScreenGroup centroids: [group][feature][centroid of the group]
  const ScreenBound* bounds = nullptr;  ///< k, padded to whole groups
  int k = 0;
  int d = 0;
  float growth = 0;  ///< of screen_length
};

/// -c in groups of kScreenGroup centroids, features innermost but one; padding and centroids that are never certified
/// are 0.
std::vector<float> grouped_for_screen(const CentroidsView& centroids, const std::vector<ScreenBound>& bounds);
/// One bound a centroid. A centroid that is not finite is never certified.
std::vector<ScreenBound> bounds_for_screen(const CentroidsView& centroids);

/// Where -c_j of a centroid stands in CentroidsOnDevice::grouped.
CLIENTELE_HD constexpr int64_t grouped_index(int64_t c, int64_t j, int d) {
  return (c / kScreenGroup * d + j) * kScreenGroup + c % kScreenGroup;
}

class ScreenedCentroids {
 public:
  ScreenedCentroids(const Device& device, const CentroidsView& centroids);
  float* values() const { return values_.data(); }
  float* grouped() const { return grouped_.data(); }
  ScreenBound* bounds() const { return bounds_.data(); }
  CentroidsOnDevice view() const { return {values_.data(), grouped_.data(), bounds_.data(), k_, d_, growth_}; }
  int k() const { return k_; }
  int d() const { return d_; }

 private:
  int k_, d_;
  float growth_;
  Buffer<float> values_, grouped_;
  Buffer<ScreenBound> bounds_;
};

}  // namespace clientele::gpu
