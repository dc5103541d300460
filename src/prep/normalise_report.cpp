#include <cmath>

#include "normalise_steps.h"

namespace clientele {
namespace {

Json number_or_null(double x) {
  return std::isfinite(x) ? Json(x) : Json(nullptr);
}

}  // namespace

Json fit_report(const Fit& fit, const std::vector<FittedBlock>& blocks) {
  double total = 0;
  for (const FittedFeature& f : fit.features)
    total += f.feature.transform.factor * f.feature.transform.factor * f.variance;
  Json report;
  report["features"] = Json::array();
  for (const FittedFeature& f : fit.features) {
    const FeatureTransform& t = f.feature.transform;
    report["features"].push_back(
        Json{{"name", f.feature.name},
             {"column", fit.column(f.column).name},
             {"block", f.feature.block},
             {"method", f.method},
             {"shift", t.shift},
             {"scale", t.scale},
             {"low", number_or_null(t.low)},
             {"high", number_or_null(t.high)},
             {"imputed", f.imputed},
             {"imputed_by", f.imputed > 0 ? number_or_null(t.impute) : Json(nullptr)},
             {"factor", t.factor},
             {"variance_share", total > 0 ? Json(t.factor * t.factor * f.variance / total) : Json(nullptr)}});
  }
  report["blocks"] = Json::array();
  for (const FittedBlock& b : blocks)
    report["blocks"].push_back(
        Json{{"name", b.name}, {"weight", b.weight}, {"features", b.features}, {"variance", b.variance}});
  report["dropped"] = fit.dropped;
  return report;
}

}  // namespace clientele
