#include <algorithm>
#include <cmath>
#include <numeric>

#include "block_walk.h"
#include "clientele/base/errors.h"
#include "normalise_steps.h"

namespace clientele {
namespace {

Curve curve_of(const Fit& fit, int c) {
  switch (fit.column(c).transform) {
    case ColumnTransform::none:
      return Curve::none;
    case ColumnTransform::log1p:
      return Curve::log1p;
    case ColumnTransform::asinh:
      return Curve::asinh;
    case ColumnTransform::automatic:
      break;
  }
  if (fit.spec.method != NormaliseSpec::Method::log_zscore) return Curve::none;
  return fit.raw(c).min >= 0 ? Curve::log1p : Curve::asinh;
}

void add_indicator(Fit& fit, int c) {
  const Moments& raw = fit.raw(c);
  FittedFeature f;
  f.column = c;
  f.feature.name = fit.column(c).name + " missing";
  f.feature.transform.source = c;
  f.feature.transform.form = FeatureForm::indicator;
  const double n = static_cast<double>(fit.rows.kept);
  const double p = static_cast<double>(raw.missing) / n;
  f.variance = p * (1 - p);
  const bool as_is = fit.spec.method == NormaliseSpec::Method::none || fit.spec.method == NormaliseSpec::Method::minmax;
  f.method = as_is ? "indicator" : "indicator, zscore";
  if (!as_is) {
    f.feature.transform.shift = p;
    f.feature.transform.scale = std::sqrt(f.variance);
    f.variance = 1;
  }
  fit.features.push_back(f);
}

FittedFeature one_hot(const Fit& fit, int c, const std::string& level, int64_t count) {
  FittedFeature f;
  f.column = c;
  f.feature.name = fit.column(c).name + "=" + level;
  f.feature.transform.source = c;
  f.feature.transform.form = FeatureForm::one_hot;
  f.method = "one-hot";
  const double p = static_cast<double>(count) / static_cast<double>(fit.rows.kept);
  f.variance = p * (1 - p);
  f.moments.present = fit.rows.kept;
  f.moments.mean = p;
  f.moments.m2 = f.variance * static_cast<double>(fit.rows.kept);
  return f;
}

}  // namespace

void add_number(Fit& fit, int c) {
  const Column& column = fit.column(c);
  const Moments& raw = fit.raw(c);
  FittedFeature f;
  f.column = c;
  f.feature.name = column.name;
  f.feature.transform.source = c;
  f.feature.transform.curve = curve_of(fit, c);
  f.imputed = raw.missing;
  if (fit.spec.method == NormaliseSpec::Method::quantile) f.feature.transform.form = FeatureForm::ranked;
  if (f.feature.transform.curve == Curve::log1p && raw.min <= -1)
    throw Error(ErrorKind::input, {.what = "a value lies outside the domain of the column's transform",
                                   .where = "column " + column.name,
                                   .expected = "values above -1 for log1p",
                                   .found = "a least value of " + std::to_string(raw.min),
                                   .hint = "Use transform = \"asinh\" for columns with negative values."});
  fit.features.push_back(f);
  if (column.missing_indicator && raw.missing > 0 && raw.present > 0) add_indicator(fit, c);
}

void add_categories(Fit& fit, int c, const std::vector<int64_t>& counts) {
  std::vector<size_t> occurring;
  for (size_t code = 0; code < counts.size(); ++code)
    if (counts[code] > 0) occurring.push_back(code);
  std::vector<size_t> rare;
  if (static_cast<int64_t>(occurring.size()) > fit.spec.max_categories) {
    const auto keep = static_cast<size_t>(fit.spec.max_categories - 1);
    std::stable_sort(occurring.begin(), occurring.end(), [&](size_t a, size_t b) { return counts[a] > counts[b]; });
    rare.assign(occurring.begin() + static_cast<std::ptrdiff_t>(keep), occurring.end());
    occurring.resize(keep);
    std::sort(occurring.begin(), occurring.end());
    std::sort(rare.begin(), rare.end());
  }
  for (const size_t code : occurring) {
    FittedFeature f = one_hot(fit, c, fit.column(c).categories[code], counts[code]);
    f.feature.transform.code = static_cast<double>(code);
    fit.features.push_back(f);
  }
  if (!rare.empty()) {
    int64_t together = 0;
    for (const size_t code : rare) together += counts[code];
    FittedFeature f = one_hot(fit, c, "(other)", together);
    f.method = "one-hot of " + std::to_string(rare.size()) + " rare categories";
    f.feature.transform.knots_begin = static_cast<int32_t>(fit.knots.size());
    f.feature.transform.knots_count = static_cast<int32_t>(rare.size());
    for (const size_t code : rare) fit.knots.push_back(static_cast<double>(code));
    fit.features.push_back(f);
  }
  if (fit.column(c).missing_indicator && fit.raw(c).missing > 0) add_indicator(fit, c);
}

std::vector<std::vector<int64_t>> count_categories(Fit& fit, const std::vector<int>& columns) {
  if (columns.empty()) return {};
  std::vector<size_t> begin = {0};
  for (const int c : columns) begin.push_back(begin.back() + fit.column(c).categories.size());
  const CleanReader reader(fit.source, fit.rows);
  const ReadRows read = [&](int64_t first, std::span<const int> which, ColumnsView<double> out) {
    reader.read(first, which, out);
  };
  const RowRange range = rank_rows(reader.rows(), fit.env.comm.rank(), fit.env.comm.size());
  std::vector<std::vector<int64_t>> counts(static_cast<size_t>(fit.env.pool.threads()),
                                           std::vector<int64_t>(begin.back()));
  walk_blocks(read, range, columns, fit.env, [&](const Piece& piece) {
    auto& mine = counts[static_cast<size_t>(piece.worker)];
    for (size_t i = 0; i < columns.size(); ++i) {
      const double levels = static_cast<double>(begin[i + 1] - begin[i]);
      for (const double code : piece.values.column(static_cast<int64_t>(i)))
        if (code >= 0 && code < levels) ++mine[begin[i] + static_cast<size_t>(code)];
    }
  });
  for (size_t worker = 1; worker < counts.size(); ++worker)
    for (size_t i = 0; i < counts[0].size(); ++i) counts[0][i] += counts[worker][i];
  fit.env.comm.sum(counts[0]);
  std::vector<std::vector<int64_t>> out;
  for (size_t i = 0; i < columns.size(); ++i)
    out.emplace_back(counts[0].begin() + static_cast<std::ptrdiff_t>(begin[i]),
                     counts[0].begin() + static_cast<std::ptrdiff_t>(begin[i + 1]));
  return out;
}

}  // namespace clientele
