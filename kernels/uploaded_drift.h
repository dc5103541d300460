// A fit's drift in device memory.
#pragma once

#include <vector>

#include "clientele/compute/drift.h"
#include "clientele/compute/formulas.h"
#include "device.h"
#include "expiry.h"

namespace clientele::gpu {

class UploadedDrift {
 public:
  UploadedDrift(const Device& device, const Drift& drift) : k_(static_cast<int64_t>(drift.segment.size())) {
    std::vector<float> numbers;
    for (const double segment : drift.segment) numbers.push_back(float_up(segment));
    for (const double segment : drift.segment) numbers.push_back(float_down(segment));
    numbers.push_back(float_up(drift.any));
    numbers.push_back(float_down(drift.any));
    numbers_ = uploaded<float>(device, numbers, "drift of the centroids");
  }
  DriftOnDevice view() const { return {numbers(), numbers() + k_, numbers() + 2 * k_}; }
  /// k rounded up, k rounded down, any rounded up and down.
  float* numbers() const { return numbers_.data(); }

 private:
  int64_t k_;
  Buffer<float> numbers_;
};

}  // namespace clientele::gpu
