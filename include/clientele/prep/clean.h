// Data quality: duplicates, missing, infinite, constant, stale and future values; each found, counted, and dealt with
// by policy. The row index is fixed here: what comes after sees kept rows only, renumbered 0 .. kept - 1.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "clientele/base/canonical.h"
#include "clientele/base/json.h"
#include "clientele/data/source.h"
#include "clientele/env/env.h"

namespace clientele {

/// [clean] of a job file.
struct CleanSpec {
  enum class Duplicates { keep_first, keep_last, keep_all, fail };
  enum class Missing {
    median,
    mean,
    zero,
    drop_row,
    fail,
    drop
  };  ///< drop: drop columns that are wholly missing, impute others by the median
  enum class Infinite { fail, missing, drop_row };
  enum class Constant { drop, keep, fail };
  enum class Stale { keep, drop, fail };
  enum class Future { keep, drop, fail };

  Duplicates duplicates =
      Duplicates::keep_first;  ///< rows with an id seen before (event logs: see behaviour.duplicates)
  Missing missing = Missing::median;
  Infinite infinite = Infinite::fail;
  Constant constant = Constant::drop;
  Stale stale = Stale::keep;  ///< rows whose every time column is older than stale_days before as_of
  double stale_days = 730;
  Future future = Future::keep;  ///< rows with a time column after as_of
  std::string as_of;             ///< date or seconds; empty: stale and future are not checked
  double limit_duplicates = 1;   ///< shares (0..1) above which the job ends with exit 3
  double limit_missing = 1;      ///< of any one column used for clustering
  double limit_dropped_rows = 1;

  void visit(SpecVisitor& v);
};

enum class Exclusion : int8_t {
  none = 0,
  duplicate = 1,
  missing = 2,
  infinite = 3,
  stale = 4,
  future = 5,
  not_paying = 6,
  no_events = 7,
  outside_window = 8
};
std::vector<std::string> exclusion_names();

/// What cleaning decided.
struct CleanRows {
  int64_t source_rows = 0;
  int64_t kept = 0;
  std::vector<int8_t> excluded;      ///< per source row an Exclusion; empty when every row is kept
  std::vector<int64_t> kept_before;  ///< per 65,536 source rows: kept rows before it; empty when every row is kept
  std::vector<Moments>
      moments;  ///< per source column, over kept rows as CleanReader gives them: `missing` includes the `infinite`
                ///< ones, which read as missing. Columns of role ignore or id have empty ones
  std::vector<MissingPolicy> missing;  ///< per source column: its own policy or clean.missing; automatic (left as it
                                       ///< is) if it does not cluster
  std::vector<int>
      columns;  ///< source columns in use for clustering, after constant and wholly missing ones were dropped
  std::vector<std::string> dropped_columns;
  Json report;  ///< data_quality.json: checks, per column counts, policies, what was done

  bool all_kept() const { return excluded.empty(); }
};

/// Throws Error{input} where a policy says fail, a column is wholly missing (unless missing = drop), a limit is passed,
/// or nothing is left. `ids` may be of kind row_number (then there are no duplicates). `already`: empty, or per source
/// row an Exclusion that was decided before (BehaviourTable::excluded); such rows stay out of every check and
/// statistic.
CleanRows clean(Source& source, const IdColumn& ids, const CleanSpec& spec, Env& env,
                std::span<const int8_t> already = {});

/// Kept rows as a sequence of their own. Reads like Source::read, but in kept-row numbering. Infinite values read as
/// NaN (they were counted).
class CleanReader {
 public:
  CleanReader(Source& source, const CleanRows& rows);
  int64_t rows() const;
  void read(int64_t first_kept_row, std::span<const int> columns, ColumnsView<double> out) const;
  /// Source row of each kept row in [first, first + out.size()).
  void source_rows(int64_t first_kept_row, std::span<int64_t> out) const;

 private:
  Source& source_;
  const CleanRows& rows_;
};

}  // namespace clientele
