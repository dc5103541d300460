// The rows of a source that were not excluded before cleaning (clients outside the window, not paying), renumbered.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "clientele/data/source.h"

namespace clientele {

class SubsetSource : public Source {
 public:
  /// excluded: one a row of `whole`, 0 is kept. ids: all of them.
  SubsetSource(std::unique_ptr<Source> whole, const std::vector<int8_t>& excluded, const IdColumn& ids);
  void read(int64_t first_row, std::span<const int> columns, ColumnsView<double> out) override;
  IdColumn read_ids(ThreadPool& pool) override;
  ReadPlan plan() const override { return whole_->plan(); }

 private:
  std::unique_ptr<Source> whole_;
  std::vector<int64_t> kept_;  ///< row of `whole` of each row here
  IdColumn ids_;
};

/// The ids of the rows with excluded[row] == 0.
IdColumn kept_ids(const IdColumn& ids, const std::vector<int8_t>& excluded);

}  // namespace clientele
