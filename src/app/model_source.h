// A client table seen through a saved model's schema: columns matched by name, categories mapped into the model's
// dictionaries.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "clientele/data/model.h"
#include "clientele/data/source.h"

namespace clientele {

/// Category columns of a model whose categories are all whole numbers: where a table holds numbers there, they are
/// codes (code_categories).
std::vector<std::string> number_categories(const Schema& model);

class ModelSource : public Source {
 public:
  /// Throws Error{input} listing every column that the model's features need and the table lacks, or has as another
  /// kind (a category against a number).
  ModelSource(std::unique_ptr<Source> table, const FeatureSpace& space, const std::string& table_name);

  /// Columns that no feature needs read as missing.
  void read(int64_t first_row, std::span<const int> columns, ColumnsView<double> out) override;
  IdColumn read_ids(ThreadPool& pool) override { return table_->read_ids(pool); }
  ReadPlan plan() const override { return table_->plan(); }

  /// Positions of the model's columns that features need.
  const std::vector<int>& needed() const { return needed_; }
  /// Categories of the table that the model has never seen, by column: they read as missing.
  const std::map<std::string, std::vector<std::string>>& unseen() const { return unseen_; }
  /// Rows with an unseen category, by column. Reads the columns concerned; nothing if there are none.
  std::map<std::string, int64_t> count_unseen();

 private:
  std::unique_ptr<Source> table_;
  std::vector<int> needed_;
  std::vector<int> place_;  ///< per model column the table's, or -1
  std::vector<std::vector<double>>
      codes_;  ///< per model column: table code -> model code (NaN unseen); empty: as it is
  std::map<std::string, std::vector<std::string>> unseen_;
};

}  // namespace clientele
