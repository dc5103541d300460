#include "labelled_rows.h"

#include <algorithm>
#include <numeric>

#include "clientele/base/fixed_point.h"

namespace clientele {

ColumnsView<double> LabelledPiece::start(std::span<const int32_t> labels, int k, int64_t columns) {
  labels_ = labels;
  storage_.resize(static_cast<size_t>(columns) * labels.size());
  order_.resize(labels.size());
  starts_.assign(static_cast<size_t>(k) + 1, 0);
  for (const int32_t label : labels) ++starts_[static_cast<size_t>(label) + 1];
  std::partial_sum(starts_.begin(), starts_.end(), starts_.begin());
  std::vector<int32_t> next(starts_.begin(), starts_.end() - 1);
  for (size_t i = 0; i < labels.size(); ++i)
    order_[static_cast<size_t>(next[static_cast<size_t>(labels[i])]++)] = static_cast<int32_t>(i);
  return {storage_.data(), rows(), columns, rows()};
}

void LabelledPiece::weigh(int column, int weight_bits) {
  weights_.clear();
  for (const double w : this->column(column)) weights_.push_back(quantise_weight(w, weight_bits));
}

void LabelledPiece::group(int64_t column, GroupedValues& out) const {
  const double* from = storage_.data() + column * rows();
  out.values.resize(order_.size());
  out.weights.resize(weights_.size());
  out.starts.resize(starts_.size());
  int32_t to = 0;
  for (size_t c = 0; c + 1 < starts_.size(); ++c) {
    out.starts[c] = to;
    for (int32_t i = starts_[c]; i < starts_[c + 1]; ++i) {
      const size_t row = static_cast<size_t>(order_[static_cast<size_t>(i)]);
      const double x = from[row];
      out.values[static_cast<size_t>(to)] = x;
      if (!weights_.empty()) out.weights[static_cast<size_t>(to)] = weights_[row];
      to += x == x && weight(row) > 0 ? 1 : 0;
    }
  }
  out.starts.back() = to;
}

LabelledRows::LabelledRows(Source& source, const CleanRows& clean, const RowBlocks& rows,
                           std::span<const int32_t> labels, int k, Env& env)
    : reader_(source, clean),
      first_kept_row_(rows.first_row),
      weight_bits_(rows.weight_bits),
      unit_weight_(rows.unit_weight),
      labels_(labels),
      k_(k),
      env_(env) {
  const std::vector<Column>& columns = source.schema().columns;
  for (size_t i = 0; rows.weighted && i < columns.size(); ++i)
    if (columns[i].role == ColumnRole::weight) weight_column_ = static_cast<int>(i);
}

void LabelledRows::walk(std::span<const int> columns, std::span<const int64_t> only,
                        const std::function<void(const LabelledPiece&)>& body) const {
  std::vector<LabelledPiece> pieces(static_cast<size_t>(env_.pool.threads()));
  std::vector<int> read(columns.begin(), columns.end());
  if (weighted()) read.push_back(weight_column_);
  env_.pool.parallel_for(static_cast<int64_t>(only.size()), [&](int64_t index, int worker) {
    LabelledPiece& piece = pieces[static_cast<size_t>(worker)];
    piece.worker = worker;
    piece.block = only[static_cast<size_t>(index)];
    const int64_t first = piece.block * kBlockRows;
    const int64_t last = std::min(first + kBlockRows, static_cast<int64_t>(labels_.size()));
    for (int64_t row = first; row < last; row += env_.piece_rows) {
      const int64_t count = std::min(env_.piece_rows, last - row);
      piece.first_row = row;
      const ColumnsView<double> values = piece.start(
          labels_.subspan(static_cast<size_t>(row), static_cast<size_t>(count)), k_, static_cast<int64_t>(read.size()));
      reader_.read(first_kept_row_ + row, read, values);
      if (weighted()) piece.weigh(static_cast<int>(columns.size()), weight_bits_);
      body(piece);
    }
    env_.progress.advance(last - first);
  });
}

void LabelledRows::walk(std::span<const int> columns, const std::function<void(const LabelledPiece&)>& body) const {
  std::vector<int64_t> all(static_cast<size_t>(blocks()));
  std::iota(all.begin(), all.end(), int64_t{0});
  walk(columns, all, body);
}

}  // namespace clientele
