// The fixed-point step of a feature, max|x| 2^-40, must not exceed 2^-16 of its interquartile range, or of its standard
// deviation if that is 0 (exactness.md 3): an outlier so far away would round the rest of the column. Most features
// pass by counting, while they are transformed, how many rows lie below and above two values chosen from a sample; only
// where that proves nothing are exact quartiles searched.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "block_walk.h"
#include "clientele/data/model.h"
#include "clientele/prep/clean.h"
#include "clientele/prep/row_blocks.h"

namespace clientele {

class StepCheck {
 public:
  /// transforms: with `source` a position among `columns`. Reads a few thousand rows, the same on every rank.
  StepCheck(const CleanReader& reader, std::span<const int> columns, std::span<const FeatureTransform> transforms,
            std::span<const double> knots, Env& env);

  /// Counts a piece of source values. Thread-safe for different workers.
  void count(const Piece& piece);

  /// Throws Error{input} naming the first feature, in order, whose step is too coarse. Collective. blocks: transformed,
  /// centred, with scales, variances and means set.
  void refuse_coarse(RowBlocks& blocks, std::span<const float> max_abs, const FeatureSpace& space, Env& env);

 private:
  enum class Proof {
    none,
    fine,        ///< the interquartile range is wide enough
    spreadless,  ///< it is exactly 0
    some,        ///< it is above 0 before rounding to float32: a range of 0 afterwards is blur
  };
  Proof proof(size_t feature, const RowBlocks& blocks, double max_abs, std::span<const int64_t> counts) const;

  std::vector<FeatureTransform> transforms_;
  std::span<const double> knots_;
  std::vector<double> low_, high_;            ///< per feature, in source values; NaN where the sample says nothing
  std::vector<std::vector<int64_t>> counts_;  ///< per worker: 2 x features: rows <= low, rows >= high
};

}  // namespace clientele
