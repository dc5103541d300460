// Fits the way from source columns to the engine's space on kept rows (in double, canonical statistics, exact
// quantiles), and applies it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "clientele/data/model.h"
#include "clientele/prep/clean.h"
#include "clientele/prep/row_blocks.h"

namespace clientele {

/// [normalise] of a job file.
struct NormaliseSpec {
  enum class Method { zscore, robust, minmax, log_zscore, quantile, none };
  Method method = Method::zscore;
  std::vector<double> winsorise;  ///< empty, or [low, high] quantiles such as [0.001, 0.999], applied after the curve
  int64_t quantile_knots = 1000;
  int64_t max_categories = 64;  ///< a category column with more levels keeps the most frequent ones and "other"

  void visit(SpecVisitor& v);
};

/// What was fitted, for the report.
struct NormaliseFit {
  FeatureSpace space;
  Json report;  ///< per feature: method, shift, scale, limits, imputed count, share of total variance; per block:
                ///< weight and variance
};

/// Features come in schema order; one-hot features in dictionary order, then "(other)"; an indicator follows its
/// column. Ignores row weights.
/// * Curve: the column's own transform; else, for log_zscore, log1p where no value is negative and asinh elsewhere.
/// * Quartiles, medians, limits and knots are exact type-7 quantiles of present values. robust: median and
/// interquartile range (if that is 0 the standard
///   deviation, said in the report).
/// * zscore, minmax and the deviation use canonical moments after curve, limits and imputation. Without any of these
/// they are cleaning's, and
///   the source is not read again. An indicator is z-scored, but for minmax and none, where it is 0 or 1.
/// * A category is 1 (Hellinger unit rows), a missing one 0 everywhere. Categories that do not occur get no feature.
/// * Block factor, when cluster columns lie in two or more declared blocks: each block carries total variance x weight;
/// columns in no declared
///   block form one more of weight 1. A column weight acts inside its block; weight 0 (column or block) leaves the
///   column out.
/// * A number without spread after all this is dropped, listed in report["dropped"], and a warning; one that was
/// constant from the start and kept
///   by clean.constant stays, with scale 1.
/// Throws Error{input}, Error{usage}.
NormaliseFit fit_normaliser(Source& source, const CleanRows& rows, const NormaliseSpec& spec,
                            const std::map<std::string, BlockSpec>& blocks, bool spherical, Env& env);

/// Exact type-7 quantiles (fma(f, hi - lo, lo)) of kept rows' present values, per column; NaN where a column has none.
/// curves: applied to the two order statistics before interpolating (a curve keeps order); may be empty. Result:
/// columns x probabilities.
std::vector<std::vector<double>> exact_quantiles(Source& source, const CleanRows& rows, std::span<const int> columns,
                                                 std::span<const Curve> curves, std::span<const double> probabilities,
                                                 Env& env);

/// Reads this rank's kept rows, transforms, centres (fitting space.means when `fit_means`), computes fixed-point scales
/// and refuses a column whose step exceeds 2^-16 of its interquartile range (when fitting; scoring adds nothing up).
/// weight_column: source column with row weights, or -1. Throws Error{input} naming row and feature for a value that is
/// not finite.
RowBlocks make_row_blocks(Source& source, const CleanRows& rows, FeatureSpace& space, bool fit_means, int weight_column,
                          Env& env);

}  // namespace clientele
