// The steps of fitting a normaliser. Each fills more of the features' transforms.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "clientele/prep/normalise.h"

namespace clientele {

/// A feature on its way.
struct FittedFeature {
  Feature feature;
  int column = 0;       ///< source column
  Moments moments;      ///< after curve, limits and imputation, before shift and scale
  double variance = 0;  ///< in normalised space, before column weight and block factor
  int64_t imputed = 0;  ///< values that the imputation stands for
  std::string method;   ///< what was done, in words
};

struct Fit {
  Source& source;
  const CleanRows& rows;
  const NormaliseSpec& spec;
  Env& env;
  std::vector<FittedFeature> features;
  std::vector<double> knots;
  Json dropped = Json::array();  ///< {column, reason}: features that turned out constant, columns of weight 0

  const Column& column(int c) const { return source.schema().columns[static_cast<size_t>(c)]; }
  const Moments& raw(int c) const { return rows.moments[static_cast<size_t>(c)]; }
  MissingPolicy missing(int c) const { return rows.missing[static_cast<size_t>(c)]; }
  void drop(const std::string& name, const std::string& reason) {
    dropped.push_back(Json{{"column", name}, {"reason", reason}});
  }
};

/// Declares a number's feature (curve chosen) and, where wanted and something is missing, its indicator. Throws
/// Error{input} where a value lies outside the curve's domain.
void add_number(Fit& fit, int column);
/// Declares one feature per category that occurs, the rare ones together; counts: rows per code of the column's
/// dictionary.
void add_categories(Fit& fit, int column, const std::vector<int64_t>& counts);
/// Rows per code of each category column, over all ranks.
std::vector<std::vector<int64_t>> count_categories(Fit& fit, const std::vector<int>& columns);

/// Exact quantiles where they are needed: winsorising limits, medians that impute, quartiles of the robust method,
/// knots.
void fit_quantiles(Fit& fit);
/// Imputation by the mean or zero, then `moments` of every number: those of cleaning where nothing changed, else of one
/// more pass.
void fit_moments(Fit& fit);
/// Shift, scale and variance by the method; features without spread are dropped, but for constant columns that cleaning
/// was told to keep.
void fit_scales(Fit& fit);

/// A block's share of distance^2.
struct FittedBlock {
  std::string name;
  double weight = 1;
  double variance = 0;  ///< sum of its features' variances x column weights, before the factor
  int features = 0;
};
/// Sets factors and Feature::block. Empty result: fewer than two declared blocks, so that only column weights count.
std::vector<FittedBlock> fit_blocks(Fit& fit, const std::map<std::string, BlockSpec>& blocks);

Json fit_report(const Fit& fit, const std::vector<FittedBlock>& blocks);

/// Moments of features (values in double, before rounding to float32) over kept rows of all ranks.
std::vector<Moments> feature_moments(Source& source, const CleanRows& rows,
                                     const std::vector<FeatureTransform>& features, const std::vector<double>& knots,
                                     Env& env);

/// Source columns that features read, ascending, and the features with `source` made a position among them.
struct ReadFeatures {
  std::vector<int> columns;
  std::vector<FeatureTransform> transforms;

  explicit ReadFeatures(std::vector<FeatureTransform> features);
};

}  // namespace clientele
