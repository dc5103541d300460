// Reading kept rows with their labels: pieces whose values stand grouped by segment, so that everything per segment is
// a loop over adjacent numbers.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "clientele/cluster/cluster.h"
#include "clientele/env/env.h"
#include "clientele/prep/clean.h"

namespace clientele {

/// The present values of one column of a piece, grouped by segment, row order kept within each.
struct GroupedValues {
  std::vector<double> values;
  std::vector<int32_t> starts;  ///< k + 1: segment c is values[starts[c] .. starts[c + 1])

  std::span<const double> segment(int c) const {
    const size_t begin = static_cast<size_t>(starts[static_cast<size_t>(c)]);
    return {values.data() + begin, static_cast<size_t>(starts[static_cast<size_t>(c) + 1]) - begin};
  }
};

class LabelledPiece {
 public:
  int64_t block = 0;      ///< of this rank, from 0
  int64_t first_row = 0;  ///< of this rank, from 0
  int worker = 0;

  /// The next rows: groups them and makes room for their values, which the caller reads into the view.
  ColumnsView<double> start(std::span<const int32_t> labels, int k, int64_t columns);
  /// Groups a column (position in the walk's list of columns).
  void group(int64_t column, GroupedValues& out) const;
  std::span<const int32_t> labels() const { return labels_; }
  std::span<const double> column(int64_t c) const { return {storage_.data() + c * rows(), labels_.size()}; }
  int64_t rows() const { return static_cast<int64_t>(labels_.size()); }

 private:
  std::span<const int32_t> labels_;
  std::vector<double> storage_;  ///< columns x rows
  std::vector<int32_t> order_;   ///< rows grouped by segment
  std::vector<int32_t> starts_;  ///< k + 1
};

class LabelledRows {
 public:
  /// labels: of this rank's kept rows, 0 .. k - 1. All must outlive this.
  LabelledRows(Source& source, const CleanRows& clean, const RowBlocks& rows, std::span<const int32_t> labels, int k,
               Env& env);
  int k() const { return k_; }
  int64_t blocks() const { return (static_cast<int64_t>(labels_.size()) + kBlockRows - 1) / kBlockRows; }
  Env& env() const { return env_; }

  /// In parallel over the rank's 65,536-row blocks (or the `only` given ones); the pieces of a block ascend, in one
  /// worker.
  void walk(std::span<const int> columns, const std::function<void(const LabelledPiece&)>& body) const;
  void walk(std::span<const int> columns, std::span<const int64_t> only,
            const std::function<void(const LabelledPiece&)>& body) const;

 private:
  CleanReader reader_;
  int64_t first_kept_row_;
  std::span<const int32_t> labels_;
  int k_;
  Env& env_;
};

}  // namespace clientele
