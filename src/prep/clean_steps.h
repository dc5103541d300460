// The steps of cleaning, each a function of what was found so far.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "clientele/prep/clean.h"
#include "duplicate_ids.h"

namespace clientele {

/// Reads kept rows as they are (infinite values too). CleanReader::read without its last step.
void read_kept(Source& source, const CleanRows& rows, int64_t first, std::span<const int> columns,
               ColumnsView<double> out);

/// True for columns whose values decide labels.
bool clusters(const Column& column);
/// What stands for a missing value of the column: its own policy, else clean.missing for columns that cluster;
/// `automatic` (left as it is) for others.
MissingPolicy missing_policy(const Column& column, const CleanSpec& spec);

/// One line of data_quality.json.
struct QualityCheck {
  std::string check;
  std::string policy;
  int64_t found = 0;
  int64_t excluded = 0;
  std::string detail;
};

/// What is looked for row by row.
struct RowChecks {
  std::vector<int> missing;   ///< columns whose missing values exclude a row
  std::vector<int> infinite;  ///< columns whose infinite values exclude a row
  std::vector<int> times;     ///< columns of kind time; empty when neither stale nor future rows can exist
  double stale_before = 0;    ///< seconds; a row is stale when its present times all lie before
  double future_after = 0;    ///< seconds; a row is from the future when a time lies after
  bool drop_stale = false;
  bool drop_future = false;

  bool any() const { return !missing.empty() || !infinite.empty() || !times.empty(); }
};
struct RowFindings {
  int64_t stale = 0;
  int64_t future = 0;
};

/// Sets reasons in `excluded` (one per source row, where none stands yet; the first that holds of missing, infinite,
/// stale, future).
RowFindings check_rows(Source& source, const RowChecks& checks, std::vector<int8_t>& excluded, Env& env);

/// Counts of `excluded`; sets kept and kept_before. Clears `excluded` when every row is kept.
void number_kept_rows(CleanRows& rows);

/// Moments per source column (columns that are not read keep empty ones) of kept rows.
std::vector<Moments> measure(Source& source, const CleanRows& rows, std::span<const int> columns, Env& env);

/// Refusals from what all source rows hold: wholly missing columns (unless dropped), policies that say fail, the limit
/// on missing values.
void refuse_values(Source& source, const std::vector<Moments>& seen, const CleanSpec& spec, const CleanRows& rows,
                   Env& env);
/// Row weights must be present, finite and not negative.
void refuse_weights(Source& source, const CleanRows& rows, Env& env);

/// Chooses the columns in use: drops wholly missing and constant ones. status: per source column, for the report.
void choose_columns(const Schema& schema, const CleanSpec& spec, CleanRows& rows, std::vector<std::string>& status);

/// data_quality.json.
Json quality_report(const Schema& schema, const CleanRows& rows, const std::vector<Moments>& seen,
                    const std::vector<QualityCheck>& checks, const std::vector<std::string>& status);

}  // namespace clientele
