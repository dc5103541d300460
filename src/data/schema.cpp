#include "clientele/data/schema.h"

#include <algorithm>
#include <cctype>

#include "clientele/base/errors.h"
#include "clientele/base/suggest.h"

namespace clientele {
namespace {

ColumnRole default_role(const Column& column) {
  std::string name = column.name;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const bool personal = name == "age" || name == "gender" || name == "sex";
  return personal || column.kind == ColumnKind::time ? ColumnRole::profile : ColumnRole::cluster;
}

void apply(const ColumnSpec& spec, Column& column) {
  if (spec.kind != ColumnKind::automatic) column.kind = spec.kind;
  if (spec.role != ColumnRole::automatic) column.role = spec.role;
  if (!spec.metric.empty()) {
    column.metric = spec.metric;
    if (spec.role == ColumnRole::automatic) column.role = ColumnRole::profile;
  }
  if (!spec.block.empty()) column.block = spec.block;
  if (!spec.unit.empty()) column.unit = spec.unit;
  column.weight = spec.weight;
  column.transform = spec.transform;
  column.missing = spec.missing;
  column.missing_indicator = spec.missing_indicator;
}

/// A dictionary's codes are no numbers: the job cannot declare them to be.
std::string contradiction(const ColumnSpec& spec, const Column& column) {
  const bool text = !column.categories.empty() || column.kind == ColumnKind::category;
  const bool fits =
      spec.kind == ColumnKind::automatic || spec.kind == ColumnKind::id || spec.kind == ColumnKind::category;
  if (text && !fits && spec.role != ColumnRole::ignore)
    return "columns." + column.name + ".kind: the file holds texts, which are a category";
  return "";
}

void add_line(std::string& list, const std::string& line) {
  list += (list.empty() ? "" : "; ") + line;
}

}  // namespace

void ColumnSpec::visit(SpecVisitor& v) {
  v.choice_of({.name = "kind",
               .help = "What the column's values are; automatic takes what the file says (numbers, flags, texts as "
                       "categories); whole numbers can be declared a category.",
               .choices = {"automatic", "number", "count", "money", "ordinal", "category", "flag", "time", "id"}},
              kind);
  v.choice_of({.name = "role",
               .help = "cluster: shapes the segments; profile: only described per segment; weight: a number >= 0, "
                       "as how many clients the row counts in the fit, k, scores, profiles, outliers and "
                       "cluster.min_size, 2 being the row twice (fractions may be; 0: it gets a segment but moves "
                       "nothing; weights above 0 with a mean below 1 are shares, the mean row being one client); "
                       "cleaning, normalising and numbers of rows pass weights over; automatic: profile for age, "
                       "gender, sex and times, else cluster.",
               .choices = {"automatic", "cluster", "profile", "id", "weight", "ignore"}},
              role);
  v.field({.name = "metric", .help = "Business metric that this column feeds; the column is then profiled."}, metric);
  v.field({.name = "block", .help = "Name of the declared block that the column belongs to."}, block);
  v.field({.name = "unit", .help = "Unit of the values, shown in the report."}, unit);
  v.field({.name = "weight", .help = "Factor on the column's share of the squared distance.", .low = 0, .high = 1e6},
          weight);
  v.choice_of({.name = "transform",
               .help = "Curve that is applied before the normaliser; automatic leaves it to the method.",
               .choices = {"automatic", "none", "log1p", "asinh"}},
              transform);
  v.choice_of({.name = "missing",
               .help = "What stands for a missing value; automatic takes clean.missing.",
               .choices = {"automatic", "median", "mean", "zero", "drop_row", "fail", "drop"}},
              missing);
  v.field({.name = "missing_indicator", .help = "Adds a feature that is 1 where the value is missing."},
          missing_indicator);
}

void BlockSpec::visit(SpecVisitor& v) {
  v.field({.name = "weight",
           .help = "Factor on the block's share of the squared distance; blocks are first scaled to equal variance.",
           .low = 0,
           .high = 1e6},
          weight);
}

int Schema::find(const std::string& name) const {
  for (size_t j = 0; j < columns.size(); ++j) {
    if (columns[j].name == name) return static_cast<int>(j);
  }
  return -1;
}

std::vector<std::string> declared_categories(const std::map<std::string, ColumnSpec>& specs) {
  std::vector<std::string> names;
  for (const auto& [name, spec] : specs)
    if (spec.kind == ColumnKind::category && spec.role != ColumnRole::ignore) names.push_back(name);
  return names;
}

void apply_column_specs(const std::map<std::string, ColumnSpec>& specs, Schema& schema) {
  std::vector<std::string> names;
  for (Column& column : schema.columns) names.push_back(column.name);
  std::string unknown, contradictions, hint;
  for (const auto& [name, spec] : specs) {
    const int at = schema.find(name);
    if (at < 0) {
      const std::string near = nearest(name, names);
      add_line(unknown, "columns." + name);
      if (!near.empty()) add_line(hint, "did you mean \"" + near + "\" for \"" + name + "\"?");
      continue;
    }
    const std::string fault = contradiction(spec, schema.columns[static_cast<size_t>(at)]);
    if (!fault.empty()) add_line(contradictions, fault);
  }
  if (!unknown.empty()) {
    std::string there;
    for (size_t i = 0; i < std::min<size_t>(names.size(), 20); ++i) there += (i == 0 ? "" : ", ") + names[i];
    throw Error(ErrorKind::usage, {"unknown columns", unknown + (contradictions.empty() ? "" : "; " + contradictions),
                                   "columns of the input", there + (names.size() > 20 ? ", ..." : ""), hint});
  }
  if (!contradictions.empty())
    throw Error(ErrorKind::usage, {"column declarations contradict the file", contradictions, "", "", ""});
  for (Column& column : schema.columns) {
    const auto spec = specs.find(column.name);
    const bool left_out = column.role == ColumnRole::ignore;
    if (!left_out) column.role = ColumnRole::automatic;
    if (spec != specs.end()) apply(spec->second, column);
    if (column.role == ColumnRole::automatic) column.role = default_role(column);
  }
}

}  // namespace clientele
