#include "clean_steps.h"
#include "clientele/prep/clean.h"

namespace clientele {

void CleanSpec::visit(SpecVisitor& v) {
  v.choice_of({.name = "duplicates",
               .help = "rows with an id seen before: which one stays, or the job ends",
               .choices = {"keep_first", "keep_last", "keep_all", "fail"}},
              duplicates);
  v.choice_of(
      {.name = "missing",
       .help =
           "what stands for a missing value, or that its row goes or the job ends; drop: wholly missing columns are "
           "dropped, other gaps are filled by the median",
       .choices = {"median", "mean", "zero", "drop_row", "fail", "drop"}},
      missing);
  v.choice_of({.name = "infinite",
               .help = "infinite values in clustering columns: the job ends, they count as missing, or their rows go",
               .choices = {"fail", "missing", "drop_row"}},
              infinite);
  v.choice_of(
      {.name = "constant", .help = "clustering columns that hold one value only", .choices = {"drop", "keep", "fail"}},
      constant);
  v.choice_of({.name = "stale",
               .help = "rows whose every time column is older than stale_days before as_of",
               .choices = {"keep", "drop", "fail"}},
              stale);
  v.field({.name = "stale_days", .help = "age in days from which a row is stale", .low = 0}, stale_days);
  v.choice_of({.name = "future", .help = "rows with a time after as_of", .choices = {"keep", "drop", "fail"}}, future);
  v.field({.name = "as_of",
           .help = "the day the data describes: ISO date, date-time or UTC seconds; empty: times are not checked"},
          as_of);
  v.field({.name = "limit_duplicates",
           .help = "share of rows with an id seen before above which the job ends",
           .low = 0,
           .high = 1},
          limit_duplicates);
  v.field({.name = "limit_missing",
           .help = "share of missing values of any one clustering column above which the job ends",
           .low = 0,
           .high = 1},
          limit_missing);
  v.field(
      {.name = "limit_dropped_rows", .help = "share of excluded rows above which the job ends", .low = 0, .high = 1},
      limit_dropped_rows);
}

std::vector<std::string> exclusion_names() {
  return {"", "duplicate", "missing", "infinite", "stale", "future", "not_paying", "no_events", "outside_window"};
}

bool clusters(const Column& column) {
  return column.role == ColumnRole::cluster && column.kind != ColumnKind::id;
}

MissingPolicy missing_policy(const Column& column, const CleanSpec& spec) {
  if (column.missing != MissingPolicy::automatic) return column.missing;
  if (!clusters(column)) return MissingPolicy::automatic;
  switch (spec.missing) {
    case CleanSpec::Missing::median:
      return MissingPolicy::median;
    case CleanSpec::Missing::mean:
      return MissingPolicy::mean;
    case CleanSpec::Missing::zero:
      return MissingPolicy::zero;
    case CleanSpec::Missing::drop_row:
      return MissingPolicy::drop_row;
    case CleanSpec::Missing::fail:
      return MissingPolicy::fail;
    case CleanSpec::Missing::drop:
      return MissingPolicy::drop;
  }
  return MissingPolicy::median;
}

}  // namespace clientele
