#include <algorithm>
#include <cmath>
#include <functional>

#include "clean_steps.h"
#include "clientele/base/errors.h"

namespace clientele {
namespace {

/// The lowest source row whose value satisfies `wanted`, or -1. Sequential: only for error messages.
int64_t first_row_where(Source& source, const CleanRows& rows, int column, const std::function<bool(double)>& wanted,
                        Env& env) {
  const int64_t piece_rows = std::clamp<int64_t>(env.piece_rows, 1, kBlockRows);
  std::vector<double> values(static_cast<size_t>(piece_rows));
  for (int64_t first = 0; first < source.rows(); first += piece_rows) {
    const int64_t count = std::min(piece_rows, source.rows() - first);
    source.read(first, std::span<const int>(&column, 1), {values.data(), count, 1, piece_rows});
    for (int64_t i = 0; i < count; ++i) {
      const bool out = !rows.all_kept() && rows.excluded[static_cast<size_t>(first + i)] != 0;
      if (!out && wanted(values[static_cast<size_t>(i)])) return first + i;
    }
  }
  return -1;
}

std::string values_of(int64_t count, const char* what, int64_t first_row) {
  return std::to_string(count) + " " + what + (count == 1 ? " value" : " values") + ", the first in row " +
         std::to_string(first_row);
}

[[noreturn]] void refuse_wholly_missing(const std::string& column, const std::string& found) {
  throw Error(ErrorKind::input,
              {.what = "a column used for clustering has no values",
               .where = "column " + column,
               .expected = "at least one present value",
               .found = found,
               .hint = "Set missing = \"drop\" to leave such columns out, or give it role = \"profile\"."});
}

void refuse_missing(Source& source, const Column& column, int c, const Moments& m, const CleanSpec& spec,
                    const CleanRows& rows, Env& env) {
  const bool with_infinite = spec.infinite == CleanSpec::Infinite::missing;
  const int64_t missing = m.missing + (with_infinite ? m.infinite : 0);
  if (missing == 0) return;
  const auto is_missing = [&](double x) { return std::isnan(x) || (with_infinite && std::isinf(x)); };
  const double share = static_cast<double>(missing) / static_cast<double>(source.rows());
  if (missing_policy(column, spec) == MissingPolicy::fail)
    throw Error(ErrorKind::input,
                {.what = "missing values under the policy missing = \"fail\"",
                 .where = "column " + column.name,
                 .expected = "no missing values",
                 .found = values_of(missing, "missing", first_row_where(source, rows, c, is_missing, env)),
                 .hint = "Choose median, mean, zero or drop_row for this column, or repair the input."});
  if (clusters(column) && share > spec.limit_missing)
    throw Error(ErrorKind::input,
                {.what = "too many missing values",
                 .where = "column " + column.name,
                 .expected = "a share of at most " + std::to_string(spec.limit_missing),
                 .found = std::to_string(share),
                 .hint = "Repair the input, give the column role = \"profile\", or raise clean.limit_missing."});
}

bool is_constant(const Column& column, const Moments& m, const CleanRows& rows, size_t c) {
  if (m.min != m.max) return false;
  if (m.missing == 0) return true;
  // A gap is seen by the clustering as an indicator, as a category of its own (zeros everywhere) or as a zero.
  const bool gap_shows = column.missing_indicator || column.kind == ColumnKind::category ||
                         (rows.missing[c] == MissingPolicy::zero && m.min != 0);
  return !gap_shows;
}

}  // namespace

void refuse_values(Source& source, const std::vector<Moments>& seen, const CleanSpec& spec, const CleanRows& rows,
                   Env& env) {
  const Schema& schema = source.schema();
  for (size_t i = 0; i < schema.columns.size(); ++i) {
    const Column& column = schema.columns[i];
    const Moments& m = seen[i];
    const int c = static_cast<int>(i);
    const bool used = clusters(column);
    const bool empty = m.present == 0 && m.infinite == 0;
    if (used && empty && missing_policy(column, spec) != MissingPolicy::drop)
      refuse_wholly_missing(column.name, "all " + std::to_string(source.rows()) + " rows missing");
    if (used && m.infinite > 0 && spec.infinite == CleanSpec::Infinite::fail)
      throw Error(ErrorKind::input,
                  {.what = "infinite values under the policy infinite = \"fail\"",
                   .where = "column " + column.name,
                   .expected = "finite values",
                   .found = values_of(m.infinite, "infinite",
                                      first_row_where(
                                          source, rows, c, [](double x) { return std::isinf(x); }, env)),
                   .hint = "Set clean.infinite to \"missing\" or \"drop_row\", or repair the input."});
    if (!(used && empty)) refuse_missing(source, column, c, m, spec, rows, env);
  }
}

void refuse_weights(Source& source, const CleanRows& rows, Env& env) {
  const Schema& schema = source.schema();
  std::vector<std::string> names;
  for (size_t i = 0; i < schema.columns.size(); ++i) {
    const Column& column = schema.columns[i];
    if (column.role != ColumnRole::weight) continue;
    names.push_back(column.name);
    const Moments& m = rows.moments[i];
    if (m.missing == 0 && m.infinite == 0 && m.min >= 0 && m.max > 0) continue;
    const auto bad = [](double w) { return !(w >= 0) || std::isinf(w); };
    const int64_t row = first_row_where(source, rows, static_cast<int>(i), bad, env);
    throw Error(ErrorKind::input, {.what = "a row weight cannot be used",
                                   .where = "column " + column.name + (row >= 0 ? ", row " + std::to_string(row) : ""),
                                   .expected = "finite weights >= 0, not all of them 0",
                                   .found = row >= 0 ? "a missing, infinite or negative weight" : "only zeros",
                                   .hint = "Repair the weights, or give the column another role."});
  }
  if (names.size() > 1)
    throw Error(ErrorKind::usage, {.what = "two columns have role = \"weight\"",
                                   .where = "columns " + names[0] + " and " + names[1],
                                   .expected = "at most one",
                                   .hint = "Keep the one that weights rows."});
}

void choose_columns(const Schema& schema, const CleanSpec& spec, CleanRows& rows, std::vector<std::string>& status) {
  status.assign(schema.columns.size(), "ignored");
  for (size_t i = 0; i < schema.columns.size(); ++i) {
    const Column& column = schema.columns[i];
    const Moments& m = rows.moments[i];
    if (column.kind == ColumnKind::id || column.role == ColumnRole::id) status[i] = "id";
    if (column.role == ColumnRole::weight) status[i] = "weight";
    if (column.role == ColumnRole::profile && column.kind != ColumnKind::id) status[i] = "profile";
    if (!clusters(column)) continue;
    status[i] = "used";
    if (m.present == 0) {
      if (rows.missing[i] != MissingPolicy::drop)
        refuse_wholly_missing(column.name, "no present value in the " + std::to_string(rows.kept) + " rows kept");
      status[i] = "dropped: all missing";
    } else if (is_constant(column, m, rows, i)) {
      if (spec.constant == CleanSpec::Constant::fail)
        throw Error(ErrorKind::input,
                    {.what = "a constant column under the policy constant = \"fail\"",
                     .where = "column " + column.name,
                     .expected = "two different values or more",
                     .found = "one value in all rows",
                     .hint = "Set clean.constant to \"drop\", or give the column role = \"profile\"."});
      if (spec.constant == CleanSpec::Constant::drop) status[i] = "dropped: constant";
    }
    if (status[i] == "used")
      rows.columns.push_back(static_cast<int>(i));
    else
      rows.dropped_columns.push_back(column.name);
  }
  if (rows.columns.empty())
    throw Error(ErrorKind::input, {.what = "no column is left to cluster on",
                                   .expected = "at least one column with role = \"cluster\" that varies",
                                   .found = std::to_string(rows.dropped_columns.size()) + " dropped, none left",
                                   .hint = "Check the roles in [columns] and data_quality.json."});
}

}  // namespace clientele
