// Assignment passes of several models over one read of the rows (gpu.md, "Sweep batching"): a tile of rows that has
// been copied into shared memory is screened for one model after the other, each with its centroids, its sums and its
// label slots. Rows as the fused pass takes them.
//
// At small k a pass of one model is bound by reading the rows, so that models share the time of a read until their
// segments, some 30 on a card like the H100, make the arithmetic the longer part.
//
// Such a pass looks at every row and keeps no bounds. Bounds (expiry.h) would have to be kept for each set of labels,
// 4 bytes a row and model to read and to write, and the rows that any of twenty models must look at are nearly all.
// Instead a model leaves the others when few of its rows move (kMovingTogether), and its bounded passes alone read
// little. That is a matter of time only: the bytes are the same.
//
// Rows that the screen cannot certify, few as they are, are labelled canonically on the spot, by the warp that has them
// in shared memory: a list of them for each model would need as much memory as the labels.
#pragma once

#include <span>

#include "batches.h"
#include "moved_sums.h"
#include "rows.h"
#include "screen.h"

namespace clientele::gpu {

/// One model of a pass over one block of rows. Device memory.
struct TogetherModel {
  CentroidsOnDevice centroids;
  SumsView sums;
  const Word* ended;  ///< not 0: there is nothing left to do
  int32_t* label;     ///< the model's label slots of the rows
};

class TogetherPass {
 public:
  /// `device` must outlive the pass.
  TogetherPass(const Device& device, int d);

  /// Whether these rows can be passed over this way.
  bool takes(const CudaRows& rows) const;
  /// Whether a block has room for a model of k segments.
  bool takes(int k) const;
  /// Labels every row to every model and adds those that moved, in as few reads as shared memory allows. scales: d, the
  /// same for all models.
  void label(const CudaRows& rows, const double* scales, std::span<const TogetherModel> models) const;

 private:
  const Device& device_;
  int d_;
  std::optional<FusedShape> shape_;
};

}  // namespace clientele::gpu
