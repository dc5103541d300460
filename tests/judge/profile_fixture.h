// A small client table with a clustering given by its labels.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "clientele/judge/profile.h"
#include "tests/support/rows.h"

namespace clientele::test {

/// One column of doubles, NaN missing; category columns hold codes.
struct TableColumn {
  Column column;
  std::vector<double> values;
};

struct Table {
  std::vector<TableColumn> columns;
  std::vector<int32_t> labels;
  int k = 0;
  std::vector<double> weights = {};  ///< one a row, or empty
  std::vector<int64_t> origin = {};  ///< of each row, where it is a copy: its row in the other table

  int64_t rows() const { return static_cast<int64_t>(labels.size()); }
};

/// Number columns of all sorts: normal, lognormal, few values, heavy ties, constant, mostly missing, wide range; and a
/// category column.
Table varied_table(int64_t rows, int k, uint64_t stream);

/// Every row as often as it weighs (whole weights), and no weights.
Table repeated(const Table& table);

/// As it is published of the row.
double margin_of(const Table& table, int64_t row);

/// profile() of the table: one feature (the first column), published labels as given.
Profiles profile_table(const Table& table, const ProfileSpec& spec, Env& env);

}  // namespace clientele::test
