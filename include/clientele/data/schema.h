// What the columns of a client table mean. Every value reaches the program as a double: numbers as they are, flags 0/1,
// times in UTC seconds, categories as the index into the column's sorted dictionary. NaN is missing, always.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "clientele/base/visit.h"

namespace clientele {

enum class ColumnKind { automatic, number, count, money, ordinal, category, flag, time, id };
enum class ColumnRole { automatic, cluster, profile, id, weight, ignore };
/// A column's own transform, before the normaliser's method. `automatic` leaves it to the method.
enum class ColumnTransform { automatic, none, log1p, asinh };
/// What stands for a missing value. `automatic` means the job's clean.missing.
enum class MissingPolicy { automatic, median, mean, zero, drop_row, fail, drop };

/// [columns.X] of a job file.
struct ColumnSpec {
  ColumnKind kind = ColumnKind::automatic;
  ColumnRole role = ColumnRole::automatic;  ///< automatic: profile for columns named age, gender or sex and for kind
                                            ///< time, else cluster
  std::string metric;  ///< a metric's name that this column feeds (kept for later stages; the column is profiled)
  std::string block;   ///< name of a declared [blocks.X], or empty
  std::string unit;
  double weight = 1;  ///< >= 0; multiplies the column's share of distance^2
  ColumnTransform transform = ColumnTransform::automatic;
  MissingPolicy missing = MissingPolicy::automatic;
  bool missing_indicator = false;

  void visit(SpecVisitor& v);
};

/// [blocks.X] of a job file.
struct BlockSpec {
  double weight = 1;

  void visit(SpecVisitor& v);
};

struct Column {
  std::string name;
  ColumnKind kind = ColumnKind::number;   ///< never automatic
  ColumnRole role = ColumnRole::cluster;  ///< never automatic
  std::string block;
  std::string unit;
  std::string metric;
  double weight = 1;
  ColumnTransform transform = ColumnTransform::automatic;
  MissingPolicy missing = MissingPolicy::automatic;
  bool missing_indicator = false;
  std::vector<std::string> categories;  ///< dictionary of a category column, sorted by bytes; code i is categories[i]
};

struct Schema {
  std::vector<Column> columns;

  /// Position, or -1.
  int find(const std::string& name) const;
};

/// Names of the columns that the job declares to be categories and reads.
std::vector<std::string> declared_categories(const std::map<std::string, ColumnSpec>& specs);

/// Merges the job's declarations into what the file says. Columns of numbers that are declared categories
/// must have been coded (code_categories). Unknown column names are Error{usage} with a suggestion, all
/// at once.
void apply_column_specs(const std::map<std::string, ColumnSpec>& specs, Schema& schema);

}  // namespace clientele
