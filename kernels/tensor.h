// The screen of many centroids on tensor cores, with its certificate; what it leaves is screened again in float32.
#pragma once

#include "rows.h"
#include "screen.h"
#include "tensor_model.h"

namespace clientele::gpu {

class TensorScreen {
 public:
  /// d must be one that tensor_takes.
  TensorScreen(const Device& device, const CentroidsView& centroids);

  /// next = the label that tensor cores certify, or kUncertain.
  void screen(const CudaRows& rows) const;
  /// next = the label that float32 certifies, where it is kUncertain.
  void screen_again(const CudaRows& rows, const CentroidsOnDevice& centroids) const;

 private:
  const Device& device_;
  int steps_, groups_;
  TensorScales scales_;
  Buffer<uint32_t> fragments_;
  Buffer<TensorBound> bounds_;
};

}  // namespace clientele::gpu
