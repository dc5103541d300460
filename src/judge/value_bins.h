// Bins for one column: where to look for an order statistic. Any bins give the same exact quantiles; good ones give
// them with few values kept.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "clientele/compute/formulas.h"

namespace clientele {

/// Equal parts of the sample's range, of its values or of their ordered keys (floating point's own logarithm),
/// whichever tells the sample apart better. Values beyond the range lie in the first or the last bin.
class ValueBins {
 public:
  /// sample: finite values, any order.
  ValueBins(std::vector<double> sample, int bins);

  int bins() const { return bins_; }
  /// Never falls as x rises; any bin for NaN.
  int bin(double x) const { return by_key_ ? bin_by_key(x) : bin_by_value(x); }
  /// body(x, bin) for each value.
  template <class Body>
  void each(std::span<const double> values, Body&& body) const {
    if (by_key_)
      for (const double x : values) body(x, bin_by_key(x));
    else
      for (const double x : values) body(x, bin_by_value(x));
  }
  /// The smallest ordered key that lies in `bin` or above; above every finite value for bin = bins().
  uint64_t first_key(int bin) const;

  /// One a bin: the value that is frequent in the sample and lies there, or NaN. Empty if there is none at all.
  const std::vector<double>& frequent() const { return frequent_; }

  /// Edges, ascending, that split [low, high) into parts of about equal shares of the sample, frequent values apart;
  /// into equal parts where the sample knows too little. At most 257.
  std::vector<uint64_t> split(uint64_t low, uint64_t high) const;

 private:
  int bin_by_value(double x) const {
    const double position = (x - base_) * per_value_;
    return static_cast<int>(std::min(std::max(0.0, position), top_));
  }
  int bin_by_key(double x) const {
    const uint64_t key = ordered_key(x);
    return static_cast<int>(
        std::min<uint64_t>((std::max(key, base_key_) - base_key_) >> shift_, static_cast<uint64_t>(bins_ - 1)));
  }
  /// Values kept if every value's bin were gathered, but for a constant.
  double cost() const;
  void find_frequent();

  std::vector<double> sample_;  ///< ascending
  int bins_;
  bool by_key_ = false;
  double base_ = 0, per_value_ = 0, top_ = 0;
  uint64_t base_key_ = 0;
  int shift_ = 0;
  std::vector<double> frequent_;
};

}  // namespace clientele
