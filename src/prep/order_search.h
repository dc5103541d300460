// Exact order statistics by counting: the keys of a column's values are narrowed 16 bits at a time (most significant
// first) to the digit in which the wanted rank lies. Four counts of all values give any number of order statistics
// without sorting or holding the values.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace clientele {

inline constexpr int kDigits = 65536;
inline constexpr int kDigitLevels = 4;

/// Where the type-7 quantile p of n > 0 values lies: fma(f, x[low + 1] - x[low], x[low]), x ascending.
struct QuantilePosition {
  int64_t low = 0;
  int64_t high = 0;  ///< low + 1, or low for the last one
  double f = 0;
};
QuantilePosition quantile_position(int64_t n, double p);

class OrderSearch {
 public:
  /// ranks: per column the wanted positions among its ascending present values.
  explicit OrderSearch(const std::vector<std::vector<int64_t>>& ranks);

  /// Digit that the next counts are of.
  int level() const { return level_; }
  bool done() const { return level_ == kDigitLevels; }
  /// Distinct prefixes a column has at most: the `targets` of ColumnOps::count_digits.
  int targets() const { return targets_; }
  /// columns x targets.
  const std::vector<uint64_t>& prefixes() const { return prefixes_; }
  /// counts: columns x targets x 65,536 of all rows of all ranks.
  void narrow(std::span<const int64_t> counts);

  /// Least and largest double that the i-th wanted value of the column can be; equal when done.
  double lowest(size_t column, size_t i) const;
  double highest(size_t column, size_t i) const;

 private:
  struct Wanted {
    int64_t rank = 0;     ///< among the values with this prefix
    uint64_t prefix = 0;  ///< the digits known so far
    size_t target = 0;    ///< which of the column's prefixes that is
  };
  void list_prefixes();

  std::vector<std::vector<Wanted>> wanted_;
  std::vector<uint64_t> prefixes_;
  int targets_ = 1;
  int level_ = 0;
};

}  // namespace clientele
