#include <algorithm>

#include "clientele/base/errors.h"
#include "clientele/data/source.h"

namespace clientele {

MemorySource::MemorySource(Schema schema, std::vector<std::vector<double>> columns, IdColumn ids)
    : columns_(std::move(columns)), ids_(std::move(ids)) {
  schema_ = std::move(schema);
  rows_ = columns_.empty() ? ids_.rows : static_cast<int64_t>(columns_[0].size());
  const bool even = std::all_of(columns_.begin(), columns_.end(),
                                [&](const auto& column) { return static_cast<int64_t>(column.size()) == rows_; });
  if (!even || columns_.size() != schema_.columns.size() || ids_.rows != rows_) {
    throw Error(ErrorKind::internal,
                {"table in memory does not fit its schema", "", std::to_string(schema_.columns.size()) + " columns",
                 std::to_string(columns_.size()) + " columns, " + std::to_string(ids_.rows) + " ids", ""});
  }
}

void MemorySource::read(int64_t first_row, std::span<const int> columns, ColumnsView<double> out) {
  for (size_t slot = 0; slot < columns.size(); ++slot) {
    const double* from = columns_.at(static_cast<size_t>(columns[slot])).data() + first_row;
    double* to = out.data + static_cast<int64_t>(slot) * out.stride;
    for (int64_t i = 0; i < out.rows; ++i) to[i] = from[i] + 0.0;  // -0 becomes +0
  }
}

IdColumn MemorySource::read_ids(ThreadPool&) {
  return ids_;
}

ReadPlan MemorySource::plan() const {
  ReadPlan plan;
  plan.layout = "memory";
  plan.path = "memory";
  plan.decoded_bytes = rows_ * static_cast<int64_t>(columns_.size() * sizeof(double));
  plan.stored_bytes = plan.decoded_bytes;
  return plan;
}

}  // namespace clientele
