#include "clientele/prep/clean.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "clean_steps.h"
#include "clientele/base/errors.h"
#include "clientele/data/events.h"

namespace clientele {
namespace {

constexpr double kDaySeconds = 86400;

std::vector<int> columns_to_read(const Schema& schema) {
  std::vector<int> out;
  for (size_t i = 0; i < schema.columns.size(); ++i) {
    const Column& column = schema.columns[i];
    if (column.role == ColumnRole::ignore || column.role == ColumnRole::id || column.kind == ColumnKind::id) continue;
    out.push_back(static_cast<int>(i));
  }
  return out;
}

void check_request(const Source& source, const IdColumn& ids, const CleanSpec& spec) {
  if (source.rows() == 0)
    throw Error(ErrorKind::input,
                {.what = "the input has no rows", .expected = "at least one client", .found = "0 rows"});
  if (ids.kind != IdColumn::Kind::row_number && ids.rows != source.rows())
    throw Error(ErrorKind::input, {.what = "ids and rows differ in number",
                                   .where = "id column " + ids.name,
                                   .expected = std::to_string(source.rows()) + " ids",
                                   .found = std::to_string(ids.rows)});
  const bool times_matter = spec.stale != CleanSpec::Stale::keep || spec.future != CleanSpec::Future::keep;
  if (times_matter && spec.as_of.empty())
    throw Error(ErrorKind::usage, {.what = "a policy on stale or future rows needs the day to compare with",
                                   .where = "clean.as_of",
                                   .expected = "a date such as 2026-07-01",
                                   .found = "nothing",
                                   .hint = "Set clean.as_of, or clean.stale and clean.future to \"keep\"."});
}

void refuse_above(double limit, int64_t count, int64_t rows, const std::string& what, const std::string& key) {
  const double share = static_cast<double>(count) / static_cast<double>(rows);
  if (share <= limit) return;
  throw Error(ErrorKind::input,
              {.what = what,
               .where = key,
               .expected = "a share of at most " + std::to_string(limit),
               .found = std::to_string(share) + " (" + std::to_string(count) + " of " + std::to_string(rows) + " rows)",
               .hint = "Repair the input or raise " + key + "."});
}

void refuse_when_empty(const CleanRows& rows) {
  if (rows.kept > 0) return;
  throw Error(ErrorKind::input, {.what = "no row is left",
                                 .expected = "at least one client",
                                 .found = "all " + std::to_string(rows.source_rows) + " rows excluded",
                                 .hint = "Check the policies in [clean] and the window in [events]."});
}

/// Finds repeated ids and marks the surplus rows where the policy says so.
QualityCheck check_duplicates(const IdColumn& ids, const CleanSpec& spec, CleanRows& rows, Env& env) {
  using Policy = CleanSpec::Duplicates;
  static constexpr std::array kNames = {"keep_first", "keep_last", "keep_all", "fail"};
  const auto found =
      find_duplicate_ids(ids, spec.duplicates == Policy::keep_last ? KeepRow::last : KeepRow::first, env.pool);
  QualityCheck check{"duplicates", kNames[static_cast<size_t>(spec.duplicates)], found.found, 0, ""};
  if (found.found == 0) return check;
  check.detail = "first: id " + ids.text(found.first_row) + " in rows " + std::to_string(found.repeats_row) + " and " +
                 std::to_string(found.first_row);
  if (spec.duplicates == Policy::fail)
    throw Error(ErrorKind::input,
                {.what = "duplicate ids under the policy duplicates = \"fail\"",
                 .where = "id column " + ids.name,
                 .expected = "every id once",
                 .found = std::to_string(found.found) + " repeated; " + check.detail,
                 .hint = "Set clean.duplicates to \"keep_first\" or \"keep_last\", or repair the input."});
  refuse_above(spec.limit_duplicates, found.found, rows.source_rows, "too many duplicate ids",
               "clean.limit_duplicates");
  if (spec.duplicates == Policy::keep_all) return check;
  rows.excluded.resize(static_cast<size_t>(rows.source_rows), 0);
  for (const int64_t row : found.surplus) {
    int8_t& reason = rows.excluded[static_cast<size_t>(row)];
    if (reason != 0) continue;
    reason = static_cast<int8_t>(Exclusion::duplicate);
    ++check.excluded;
  }
  return check;
}

/// What has to be looked for row by row, given what the columns hold.
RowChecks rows_to_check(const Schema& schema, const std::vector<Moments>& seen, const CleanSpec& spec,
                        std::span<const int> columns) {
  RowChecks checks;
  checks.drop_stale = spec.stale == CleanSpec::Stale::drop;
  checks.drop_future = spec.future == CleanSpec::Future::drop;
  bool times_suspect = false;
  if (!spec.as_of.empty()) {
    checks.future_after = static_cast<double>(parse_time(spec.as_of, "clean.as_of"));
    checks.stale_before = checks.future_after - spec.stale_days * kDaySeconds;
  }
  for (const int c : columns) {
    const Column& column = schema.columns[static_cast<size_t>(c)];
    const Moments& m = seen[static_cast<size_t>(c)];
    const bool empty = m.present == 0 && m.infinite == 0;
    const bool drop_missing = missing_policy(column, spec) == MissingPolicy::drop_row;
    const bool drop_infinite = clusters(column) && spec.infinite == CleanSpec::Infinite::drop_row;
    if (m.missing > 0 && drop_missing && !(clusters(column) && empty)) checks.missing.push_back(c);
    if (m.infinite > 0 && (drop_infinite || drop_missing)) checks.infinite.push_back(c);
    if (column.kind != ColumnKind::time || spec.as_of.empty()) continue;
    checks.times.push_back(c);
    times_suspect = times_suspect || m.infinite > 0 || m.min < checks.stale_before || m.max > checks.future_after;
  }
  if (!times_suspect) checks.times.clear();
  return checks;
}

void refuse_times(const RowFindings& found, const CleanSpec& spec) {
  const auto refuse = [&](int64_t rows, const char* what, const char* policy) {
    throw Error(ErrorKind::input,
                {.what = std::string(what) + " rows under the policy " + what + " = \"fail\"",
                 .where = policy,
                 .expected = std::string("no ") + what + " rows as of " + spec.as_of,
                 .found = std::to_string(rows),
                 .hint = std::string("Set ") + policy + " to \"drop\" or \"keep\", or repair the input."});
  };
  if (found.stale > 0 && spec.stale == CleanSpec::Stale::fail) refuse(found.stale, "stale", "clean.stale");
  if (found.future > 0 && spec.future == CleanSpec::Future::fail) refuse(found.future, "future", "clean.future");
}

/// Adds the lines about values and rows; excluded rows are counted by their reason.
void describe(const Schema& schema, const std::vector<Moments>& seen, const RowFindings& times, const CleanSpec& spec,
              const CleanRows& rows, std::vector<QualityCheck>& checks) {
  static constexpr std::array kMissing = {"median", "mean", "zero", "drop_row", "fail", "drop"};
  static constexpr std::array kInfinite = {"fail", "missing", "drop_row"};
  static constexpr std::array kKeep = {"keep", "drop", "fail"};
  int64_t missing = 0, infinite = 0;
  for (size_t i = 0; i < schema.columns.size(); ++i) {
    if (!clusters(schema.columns[i])) continue;
    missing += seen[i].missing;
    infinite += seen[i].infinite;
  }
  const auto excluded = [&](Exclusion reason) {
    return static_cast<int64_t>(std::count(rows.excluded.begin(), rows.excluded.end(), static_cast<int8_t>(reason)));
  };
  const std::string as_of = spec.as_of.empty() ? "not checked: clean.as_of is not set" : "as of " + spec.as_of;
  checks.push_back({"missing", kMissing[static_cast<size_t>(spec.missing)], missing, excluded(Exclusion::missing),
                    "values in columns used for clustering"});
  checks.push_back({"infinite", kInfinite[static_cast<size_t>(spec.infinite)], infinite, excluded(Exclusion::infinite),
                    "values in columns used for clustering; elsewhere they count as missing"});
  checks.push_back({"stale", kKeep[static_cast<size_t>(spec.stale)], times.stale, excluded(Exclusion::stale), as_of});
  checks.push_back(
      {"future", kKeep[static_cast<size_t>(spec.future)], times.future, excluded(Exclusion::future), as_of});
}

QualityCheck describe_constant(const CleanSpec& spec, const std::vector<std::string>& status) {
  static constexpr std::array kNames = {"drop", "keep", "fail"};
  const auto found = std::count(status.begin(), status.end(), "dropped: constant");
  return {"constant", kNames[static_cast<size_t>(spec.constant)], found, 0, "columns; rows stay"};
}

/// Moments as CleanReader's readers see them: an infinite value that is still there reads as missing.
void count_infinite_as_missing(std::vector<Moments>& moments) {
  for (Moments& m : moments) m.missing += m.infinite;
}

void warn_of_dropped(const CleanRows& rows, Env& env) {
  constexpr size_t kNamed = 10;
  const size_t count = rows.dropped_columns.size();
  if (count == 0) return;
  std::string names;
  for (size_t i = 0; i < std::min(count, kNamed); ++i) names += (i > 0 ? ", " : "") + rows.dropped_columns[i];
  env.warnings.push_back("Left out of the clustering, constant or without values: " + names +
                         (count > kNamed ? " and " + std::to_string(count - kNamed) + " more." : "."));
}

}  // namespace

CleanRows clean(Source& source, const IdColumn& ids, const CleanSpec& spec, Env& env, std::span<const int8_t> already) {
  check_request(source, ids, spec);
  const Schema& schema = source.schema();
  const std::vector<int> columns = columns_to_read(schema);
  CleanRows rows;
  rows.source_rows = source.rows();
  for (const Column& column : schema.columns) rows.missing.push_back(missing_policy(column, spec));
  rows.excluded.assign(already.begin(), already.end());
  env.progress.stage("clean", source.rows(), "rows");

  // Each check looks at the rows that the ones before it kept.
  std::vector<QualityCheck> checks = {check_duplicates(ids, spec, rows, env)};
  number_kept_rows(rows);
  refuse_when_empty(rows);
  const std::vector<Moments> seen = measure(source, rows, columns, env);
  refuse_values(source, seen, spec, rows, env);
  const RowChecks row_checks = rows_to_check(schema, seen, spec, columns);
  RowFindings times;
  if (row_checks.any()) {
    rows.excluded.resize(static_cast<size_t>(rows.source_rows), 0);
    times = check_rows(source, row_checks, rows.excluded, env);
    refuse_times(times, spec);
  }
  const int64_t before = rows.kept;
  number_kept_rows(rows);
  refuse_when_empty(rows);
  refuse_above(spec.limit_dropped_rows, before - rows.kept + checks[0].excluded, rows.source_rows,
               "cleaning excludes too many rows", "clean.limit_dropped_rows");
  describe(schema, seen, times, spec, rows, checks);

  rows.moments = rows.kept == before ? seen : measure(source, rows, columns, env);
  count_infinite_as_missing(rows.moments);
  refuse_weights(source, rows, env);
  std::vector<std::string> status;
  choose_columns(schema, spec, rows, status);
  warn_of_dropped(rows, env);
  checks.push_back(describe_constant(spec, status));
  rows.report = quality_report(schema, rows, seen, checks, status);
  return rows;
}

}  // namespace clientele
