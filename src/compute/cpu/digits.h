// Steps of exact quantile searches: histograms of one 16-bit digit of ordered keys.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace clientele {

/// Counts one column's digits for its targets (count_digits). prefix: one a target; counts: targets x 65536, added to.
class DigitCounter {
 public:
  DigitCounter(int level, std::span<const uint64_t> prefix, std::span<int64_t> counts);
  void add(double value);

 private:
  int level_;
  std::span<const uint64_t> prefix_;
  std::span<int64_t> counts_;
};

}  // namespace clientele
