// Fits the way from source columns to the engine's space on kept rows (in double, canonical statistics, exact quantiles), and applies it.
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
  int64_t max_categories = 64;    ///< a category column with more levels keeps the most frequent ones and "other"

  void visit(SpecVisitor& v);
};

/// What was fitted, for the report.
struct NormaliseFit {
  FeatureSpace space;
  Json report;   ///< per feature: method, shift, scale, limits, imputed count, share of total variance; per block: weight and variance
};

/// Features come in schema order; one-hot features in dictionary order; an indicator follows its column. The block factor makes each declared block carry
/// total variance x weight, when cluster columns lie in two or more declared blocks. Ignores row weights. Throws Error{input}, Error{usage}.
NormaliseFit fit_normaliser(Source& source, const CleanRows& rows, const NormaliseSpec& spec, const std::map<std::string, BlockSpec>& blocks,
                            bool spherical, Env& env);

/// Exact type-7 quantiles (fma(f, hi - lo, lo)) of kept rows' present values, per column; NaN where a column has none.
/// curves: applied to the two order statistics before interpolating (a curve keeps order); may be empty. Result: columns x probabilities.
std::vector<std::vector<double>> exact_quantiles(Source& source, const CleanRows& rows, std::span<const int> columns, std::span<const Curve> curves,
                                                 std::span<const double> probabilities, Env& env);

/// Reads this rank's kept rows, transforms, centres (fitting space.means when `fit_means`), computes fixed-point scales and refuses a column whose
/// step exceeds 2^-16 of its interquartile range. weight_column: source column with row weights, or -1.
/// Throws Error{input} naming row and feature for a value that is not finite.
RowBlocks make_row_blocks(Source& source, const CleanRows& rows, FeatureSpace& space, bool fit_means, int weight_column, Env& env);

}  // namespace clientele
