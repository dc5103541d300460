#include "subset_source.h"

#include <algorithm>

namespace clientele {

IdColumn kept_ids(const IdColumn& ids, const std::vector<int8_t>& excluded) {
  IdColumn kept;
  kept.kind = ids.kind == IdColumn::Kind::row_number ? IdColumn::Kind::integer : ids.kind;
  kept.name = ids.name;
  kept.width = ids.width;
  for (int64_t row = 0; row < ids.rows; ++row) {
    if (excluded[static_cast<size_t>(row)] != 0) continue;
    ++kept.rows;
    switch (ids.kind) {
      case IdColumn::Kind::row_number:
        kept.integers.push_back(row);
        break;
      case IdColumn::Kind::integer:
        kept.integers.push_back(ids.integers[static_cast<size_t>(row)]);
        break;
      case IdColumn::Kind::text:
        kept.bytes.append(ids.bytes, static_cast<size_t>(row * ids.width), static_cast<size_t>(ids.width));
        break;
    }
  }
  return kept;
}

SubsetSource::SubsetSource(std::unique_ptr<Source> whole, const std::vector<int8_t>& excluded, const IdColumn& ids)
    : whole_(std::move(whole)), ids_(kept_ids(ids, excluded)) {
  for (size_t row = 0; row < excluded.size(); ++row)
    if (excluded[row] == 0) kept_.push_back(static_cast<int64_t>(row));
  schema_ = whole_->schema();
  rows_ = static_cast<int64_t>(kept_.size());
}

void SubsetSource::read(int64_t first_row, std::span<const int> columns, ColumnsView<double> out) {
  std::vector<double> scratch;
  for (int64_t done = 0; done < out.rows;) {
    const int64_t from = kept_[static_cast<size_t>(first_row + done)];
    // As many kept rows as lie within one piece of the whole; at least one.
    const int64_t most = std::max<int64_t>(out.rows - done, 1024);
    const auto begin = kept_.begin() + first_row + done;
    const auto end = std::lower_bound(begin, kept_.begin() + first_row + out.rows, from + most);
    const int64_t count = end - begin;
    const int64_t span = *(end - 1) + 1 - from;
    scratch.resize(static_cast<size_t>(span) * columns.size());
    const ColumnsView<double> piece{scratch.data(), span, static_cast<int64_t>(columns.size()), span};
    whole_->read(from, columns, piece);
    for (int64_t j = 0; j < out.columns; ++j)
      for (int64_t i = 0; i < count; ++i)
        out.column(j)[static_cast<size_t>(done + i)] = piece.column(j)[static_cast<size_t>(begin[i] - from)];
    done += count;
  }
}

IdColumn SubsetSource::read_ids(ThreadPool&) {
  return ids_;
}

}  // namespace clientele
