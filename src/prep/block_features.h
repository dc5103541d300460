// From source rows to the features of a block in the engine's space.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "block_walk.h"
#include "clientele/prep/normalise.h"
#include "clientele/prep/row_blocks.h"
#include "normalise_steps.h"
#include "step_check.h"

namespace clientele {

/// CleanReader::read for walk_blocks; the reader must outlive it.
ReadRows reading(const CleanReader& reader);

/// The lowest (row, feature) that is not finite, over what was seen.
struct BadValue {
  int64_t row = -1;
  int64_t feature = -1;

  void merge(int64_t other_row, int64_t other_feature);
};

/// Source rows to features, counting what is not finite. Everything given must outlive it.
class TransformBlocks {
 public:
  /// steps: counts source values on the way; may be null.
  TransformBlocks(const CleanReader& reader, const FeatureSpace& space, const ReadFeatures& wanted, StepCheck* steps,
                  Env& env);

  /// Fills a block with uncentred features.
  void fill(RowBlock& to);
  /// Throws Error{input} for a bad value that any rank has met. Collective.
  void refuse_not_finite() const;

 private:
  const CleanReader& reader_;
  const FeatureSpace& space_;
  const ReadFeatures& wanted_;
  StepCheck* steps_;
  Env& env_;
  std::vector<BadValue> bad_;
  std::vector<int64_t> bad_counts_;
};

/// The steps on features in memory that make them the engine's, in as few passes as can be: rows larger than memory are
/// written and read for each.
class EngineSpace {
 public:
  EngineSpace(RowBlocks& blocks, FeatureSpace& space, bool fit_means, Env& env);

  /// Right after a block was filled: unit rows, moments, and all the rest where the means are known.
  void take(RowBlock& block);
  /// Sets means and variances; returns the largest |v| of each feature. Collective.
  std::vector<float> close();

 private:
  void finish(RowBlock& block);
  void warn_of_zero_rows();

  RowBlocks& blocks_;
  FeatureSpace& space_;
  const bool fit_means_;
  Env& env_;
  int64_t zero_rows_ = 0;
  std::vector<std::vector<Moments>> moments_;
  std::vector<double> largest_;
};

/// Throws Error{input}: a finite feature less its mean may lie beyond float32.
void refuse_infinite(std::span<const float> max_abs, const FeatureSpace& space);

}  // namespace clientele
