// A fit's drift in device memory.
#pragma once

#include <vector>

#include "clientele/compute/drift.h"
#include "clientele/compute/formulas.h"
#include "device.h"
#include "expiry.h"

namespace clientele::gpu {

/// k rounded up, k rounded down, any rounded up and down.
inline std::vector<float> drift_numbers(const Drift& drift) {
  std::vector<float> numbers;
  for (const double segment : drift.segment) numbers.push_back(float_up(segment));
  for (const double segment : drift.segment) numbers.push_back(float_down(segment));
  numbers.push_back(float_up(drift.any));
  numbers.push_back(float_down(drift.any));
  return numbers;
}

/// Where kernels find what in such numbers.
inline DriftOnDevice drift_view(const float* numbers, int64_t k) {
  return {numbers, numbers + k, numbers + 2 * k};
}

class UploadedDrift {
 public:
  UploadedDrift(const Device& device, const Drift& drift)
      : k_(static_cast<int64_t>(drift.segment.size())),
        numbers_(uploaded<float>(device, drift_numbers(drift), "drift of the centroids")) {}
  DriftOnDevice view() const { return drift_view(numbers_.data(), k_); }

 private:
  int64_t k_;
  Buffer<float> numbers_;
};

}  // namespace clientele::gpu
