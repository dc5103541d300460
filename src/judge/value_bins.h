// Bins of about equal numbers of values for one column: where to look for an order statistic. Any bins give the same
// exact quantiles; good ones give them with few values kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace clientele {

/// Bin b holds the values in [low(b), low(b + 1)); bin 0 starts at -infinity, the last one ends at +infinity.
class ValueBins {
 public:
  static constexpr int kCells = 8192;

  /// At most `bins` + 1 bins whose edges are quantiles of the sample (finite values, any order). A value that fills a
  /// bin or more of the sample gets one of its own.
  ValueBins(std::vector<double> sample, int bins);

  int bins() const { return static_cast<int>(edges_.size()) - 1; }
  /// Position among equal parts of the sample's range, of values or of keys, whichever tells the sample apart better.
  /// Never falls as x rises.
  int cell(double x) const;
  /// First and last bin that can hold a value of the cell.
  int first_bin(int cell) const { return first_bin_[static_cast<size_t>(cell)]; }
  int last_bin(int cell) const { return first_bin_[static_cast<size_t>(cell) + 1]; }
  /// First and last cell that can hold a value of the bin.
  std::pair<int, int> cells_of(int bin) const;
  int find(double x) const { return find_in_cell(x, cell(x)); }
  int find_in_cell(double x, int cell) const;
  double low(int bin) const { return edges_[static_cast<size_t>(bin)]; }

 private:
  void index_cells();
  /// Comparisons that a value of the sample needs, but for a constant.
  double cost() const;

  std::vector<double> edges_;       ///< bins + 1
  std::vector<int32_t> first_bin_;  ///< cells + 1
  bool by_key_ = false;
  double base_ = 0, per_cell_ = 0;  ///< by value: (x - base) * per_cell
  uint64_t base_key_ = 0;           ///< by key: (key - base) >> shift
  int shift_ = 0;
};

}  // namespace clientele
