#include <cmath>

#include "clean_steps.h"

namespace clientele {
namespace {

const char* name_of(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::automatic:
      return "automatic";
    case ColumnKind::number:
      return "number";
    case ColumnKind::count:
      return "count";
    case ColumnKind::money:
      return "money";
    case ColumnKind::ordinal:
      return "ordinal";
    case ColumnKind::category:
      return "category";
    case ColumnKind::flag:
      return "flag";
    case ColumnKind::time:
      return "time";
    case ColumnKind::id:
      return "id";
  }
  return "";
}

const char* name_of(ColumnRole role) {
  switch (role) {
    case ColumnRole::automatic:
      return "automatic";
    case ColumnRole::cluster:
      return "cluster";
    case ColumnRole::profile:
      return "profile";
    case ColumnRole::id:
      return "id";
    case ColumnRole::weight:
      return "weight";
    case ColumnRole::ignore:
      return "ignore";
  }
  return "";
}

Json number_or_null(double x) {
  return std::isfinite(x) ? Json(x) : Json(nullptr);
}

}  // namespace

Json quality_report(const Schema& schema, const CleanRows& rows, const std::vector<Moments>& seen,
                    const std::vector<QualityCheck>& checks, const std::vector<std::string>& status) {
  Json report;
  report["source_rows"] = rows.source_rows;
  report["kept_rows"] = rows.kept;
  report["checks"] = Json::array();
  for (const QualityCheck& c : checks)
    report["checks"].push_back(Json{
        {"check", c.check}, {"policy", c.policy}, {"found", c.found}, {"excluded", c.excluded}, {"detail", c.detail}});
  report["columns"] = Json::array();
  for (size_t i = 0; i < schema.columns.size(); ++i) {
    const Column& column = schema.columns[i];
    const Moments& m = rows.moments[i];
    const bool numeric = m.present > 0 && column.kind != ColumnKind::category;
    report["columns"].push_back(Json{{"name", column.name},
                                     {"kind", name_of(column.kind)},
                                     {"role", name_of(column.role)},
                                     {"missing", seen[i].missing},
                                     {"infinite", seen[i].infinite},
                                     {"min", number_or_null(numeric ? m.min : NAN)},
                                     {"max", number_or_null(numeric ? m.max : NAN)},
                                     {"mean", number_or_null(numeric ? m.mean : NAN)},
                                     {"status", status[i]}});
  }
  report["dropped_columns"] = rows.dropped_columns;
  return report;
}

}  // namespace clientele
