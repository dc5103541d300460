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

/// The present values of one column of a piece, grouped by segment, row order kept within each. In weighted jobs those
/// of rows with weight alone.
struct GroupedValues {
  std::vector<double> values;
  std::vector<int64_t> weights;  ///< m of each; empty in unweighted jobs
  std::vector<int32_t> starts;   ///< k + 1: segment c is values[starts[c] .. starts[c + 1])

  std::span<const double> segment(int c) const {
    const size_t begin = static_cast<size_t>(starts[static_cast<size_t>(c)]);
    return {values.data() + begin, static_cast<size_t>(starts[static_cast<size_t>(c) + 1]) - begin};
  }
  std::span<const int64_t> segment_weights(int c) const {
    if (weights.empty()) return {};
    return {weights.data() + starts[static_cast<size_t>(c)], segment(c).size()};
  }
};

class LabelledPiece {
 public:
  int64_t block = 0;      ///< of this rank, from 0
  int64_t first_row = 0;  ///< of this rank, from 0
  int worker = 0;

  /// The next rows: groups them and makes room for their values, which the caller reads into the view.
  ColumnsView<double> start(std::span<const int32_t> labels, int k, int64_t columns);
  /// This column (position in the walk's list, or one behind it) holds the rows' weights.
  void weigh(int column, int weight_bits);
  /// Groups a column (position in the walk's list of columns).
  void group(int64_t column, GroupedValues& out) const;
  std::span<const int32_t> labels() const { return labels_; }
  bool weighted() const { return !weights_.empty(); }
  /// m of row i of the piece; 1 in unweighted jobs.
  int64_t weight(size_t i) const { return weights_.empty() ? 1 : weights_[i]; }
  std::span<const double> column(int64_t c) const { return {storage_.data() + c * rows(), labels_.size()}; }
  int64_t rows() const { return static_cast<int64_t>(labels_.size()); }

 private:
  std::span<const int32_t> labels_;
  std::vector<int64_t> weights_;  ///< m of each row; empty in unweighted jobs
  std::vector<double> storage_;   ///< columns x rows
  std::vector<int32_t> order_;    ///< rows grouped by segment
  std::vector<int32_t> starts_;   ///< k + 1
};

class LabelledRows {
 public:
  /// labels: of this rank's kept rows, 0 .. k - 1. All must outlive this.
  LabelledRows(Source& source, const CleanRows& clean, const RowBlocks& rows, std::span<const int32_t> labels, int k,
               Env& env);
  int k() const { return k_; }
  bool weighted() const { return weight_column_ >= 0; }
  /// RowBlocks::unit_weight.
  double unit_weight() const { return unit_weight_; }
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
  int weight_column_ = -1;  ///< of the source
  int weight_bits_;
  double unit_weight_;
  std::span<const int32_t> labels_;
  int k_;
  Env& env_;
};

}  // namespace clientele
