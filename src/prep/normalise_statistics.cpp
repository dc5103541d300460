#include <algorithm>
#include <cmath>

#include "clientele/base/errors.h"
#include "normalise_steps.h"

namespace clientele {
namespace {

using Method = NormaliseSpec::Method;

bool is_number(const FittedFeature& f) {
  return f.feature.transform.form == FeatureForm::number || f.feature.transform.form == FeatureForm::ranked;
}

bool imputes_median(const Fit& fit, int c) {
  return fit.raw(c).missing > 0 && (fit.missing(c) == MissingPolicy::median || fit.missing(c) == MissingPolicy::drop);
}

double clamped(const FeatureTransform& f, double v) {
  return v < f.low ? f.low : v > f.high ? f.high : v;
}

/// Probabilities that any feature needs, and where each stands.
struct Probabilities {
  std::vector<double> all;
  size_t limits = 0, quartiles = 0, median = 0;

  Probabilities(const Fit& fit, bool median_needed) {
    if (!fit.spec.winsorise.empty()) {
      limits = all.size();
      all.insert(all.end(), {fit.spec.winsorise[0], fit.spec.winsorise[1]});
    }
    if (fit.spec.method == Method::robust) {
      quartiles = all.size();
      all.insert(all.end(), {0.25, 0.75});
    }
    if (median_needed || fit.spec.method == Method::robust) {
      median = all.size();
      all.push_back(0.5);
    }
  }
};

void fit_knots(Fit& fit) {
  std::vector<int> columns;
  std::vector<Curve> curves;
  int64_t most = 2;
  for (const FittedFeature& f : fit.features) {
    if (f.feature.transform.form != FeatureForm::ranked) continue;
    columns.push_back(f.column);
    curves.push_back(f.feature.transform.curve);
    most = std::max(most, fit.raw(f.column).present);
  }
  if (columns.empty()) return;
  const int64_t count = std::clamp<int64_t>(fit.spec.quantile_knots, 2, most);
  std::vector<double> at;
  for (int64_t i = 0; i < count; ++i) at.push_back(static_cast<double>(i) / static_cast<double>(count - 1));
  const auto knots = exact_quantiles(fit.source, fit.rows, columns, curves, at, fit.env);
  size_t next = 0;
  for (FittedFeature& f : fit.features) {
    FeatureTransform& t = f.feature.transform;
    if (t.form != FeatureForm::ranked) continue;
    t.knots_begin = static_cast<int32_t>(fit.knots.size());
    t.knots_count = static_cast<int32_t>(count);
    for (const double knot : knots[next]) fit.knots.push_back(clamped(t, knot));
    ++next;
  }
}

/// The transform up to the point where a method's shift and scale are estimated.
FeatureTransform before_method(FeatureTransform f) {
  f.shift = 0;
  f.scale = 1;
  f.factor = 1;
  return f;
}

bool changed(const FittedFeature& f) {
  const FeatureTransform& t = f.feature.transform;
  return t.form == FeatureForm::ranked || t.curve != Curve::none || t.low > -HUGE_VAL || t.high < HUGE_VAL;
}

/// Means of present values after curve and limits, for columns that impute by the mean.
void impute_means(Fit& fit) {
  std::vector<FittedFeature*> pending;
  std::vector<FeatureTransform> transforms;
  for (FittedFeature& f : fit.features) {
    FeatureTransform& t = f.feature.transform;
    if (!is_number(f) || fit.missing(f.column) != MissingPolicy::mean) continue;
    if (t.curve == Curve::none && t.low == -HUGE_VAL && t.high == HUGE_VAL) {
      t.impute = fit.raw(f.column).mean;
    } else {  // also where nothing is missing: clients scored later may have gaps
      pending.push_back(&f);
      transforms.push_back(before_method(t));
      transforms.back().form = FeatureForm::number;
    }
  }
  const auto moments = feature_moments(fit.source, fit.rows, transforms, fit.knots, fit.env);
  for (size_t i = 0; i < pending.size(); ++i) pending[i]->feature.transform.impute = moments[i].mean;
}

void set_scale(const Fit& fit, FittedFeature& f) {
  FeatureTransform& t = f.feature.transform;
  const double deviation = std::sqrt(f.moments.variance());
  switch (fit.spec.method) {
    case Method::zscore:
    case Method::log_zscore:
      t.shift = f.moments.mean;
      t.scale = deviation;
      f.method = t.curve == Curve::none ? "zscore" : t.curve == Curve::log1p ? "log1p, zscore" : "asinh, zscore";
      break;
    case Method::robust:  // shift and interquartile range were set with the quantiles
      f.method = "robust";
      if (t.scale != 0) break;
      t.scale = deviation;
      f.method = "robust, by the standard deviation: the interquartile range is 0";
      break;
    case Method::minmax:
      t.shift = f.moments.min;
      t.scale = f.moments.max - f.moments.min;
      f.method = "minmax";
      break;
    case Method::quantile:
      f.method = "quantile";
      break;
    case Method::none:
      f.method = "none";
      break;
  }
}

}  // namespace

void fit_quantiles(Fit& fit) {
  const bool all_need = !fit.spec.winsorise.empty() || fit.spec.method == Method::robust;
  std::vector<FittedFeature*> needing;
  std::vector<int> columns;
  std::vector<Curve> curves;
  bool median_needed = false;
  for (FittedFeature& f : fit.features) {
    if (!is_number(f) || !(all_need || imputes_median(fit, f.column))) continue;
    needing.push_back(&f);
    columns.push_back(f.column);
    curves.push_back(f.feature.transform.curve);
    median_needed = median_needed || imputes_median(fit, f.column);
  }
  const Probabilities p(fit, median_needed);
  if (!columns.empty()) {
    const auto values = exact_quantiles(fit.source, fit.rows, columns, curves, p.all, fit.env);
    for (size_t i = 0; i < needing.size(); ++i) {
      FeatureTransform& t = needing[i]->feature.transform;
      if (!fit.spec.winsorise.empty()) {
        t.low = values[i][p.limits];
        t.high = values[i][p.limits + 1];
      }
      if (fit.spec.method == Method::robust) {
        t.shift = clamped(t, values[i][p.median]);
        t.scale = clamped(t, values[i][p.quartiles + 1]) - clamped(t, values[i][p.quartiles]);
      }
      if (imputes_median(fit, columns[i])) t.impute = clamped(t, values[i][p.median]);
    }
  }
  fit_knots(fit);
}

void fit_moments(Fit& fit) {
  for (FittedFeature& f : fit.features) {
    FeatureTransform& t = f.feature.transform;
    if (is_number(f) && fit.missing(f.column) == MissingPolicy::zero) t.impute = clamped(t, apply_curve(t.curve, 0));
  }
  impute_means(fit);
  std::vector<FittedFeature*> pending;
  std::vector<FeatureTransform> transforms;
  for (FittedFeature& f : fit.features) {
    if (!is_number(f)) continue;
    if (!changed(f) && f.imputed == 0) {
      f.moments = fit.raw(f.column);
      continue;
    }
    pending.push_back(&f);
    transforms.push_back(before_method(f.feature.transform));
  }
  const auto moments = feature_moments(fit.source, fit.rows, transforms, fit.knots, fit.env);
  for (size_t i = 0; i < pending.size(); ++i) pending[i]->moments = moments[i];
}

namespace {

void refuse_overflow(const FittedFeature& f) {
  if (std::isfinite(f.moments.variance()) && std::isfinite(f.moments.max - f.moments.min)) return;
  throw Error(ErrorKind::input,
              {.what = "a column's values are so far apart that their spread overflows",
               .where = "column " + f.feature.name,
               .expected = "a finite variance in double precision",
               .found = "values from " + std::to_string(f.moments.min) + " to " + std::to_string(f.moments.max),
               .hint = "Winsorise (normalise.winsorise = [0.001, 0.999]), or give the column a "
                       "transform such as asinh."});
}

}  // namespace

void fit_scales(Fit& fit) {
  std::vector<FittedFeature> kept;
  for (FittedFeature& f : fit.features) {
    if (is_number(f)) {
      FeatureTransform& t = f.feature.transform;
      const bool spread = f.moments.max > f.moments.min && f.moments.variance() > 0;
      const Moments& raw = fit.raw(f.column);
      const bool kept_on_purpose = raw.min == raw.max && raw.missing == 0;
      refuse_overflow(f);
      set_scale(fit, f);
      if (!spread && !kept_on_purpose) {
        fit.drop(f.feature.name, "constant after curve, winsorising and imputation");
        fit.env.warnings.push_back(
            "Left out of the clustering, constant after curve, winsorising and imputation: " + f.feature.name + ".");
        continue;
      }
      if (!spread) t.scale = 1;
      f.variance = spread ? f.moments.variance() / (t.scale * t.scale) : 0;
    }
    kept.push_back(std::move(f));
  }
  fit.features = std::move(kept);
}

}  // namespace clientele
