#include "digits.h"

#include <cmath>

#include "clientele/compute/backend.h"
#include "clientele/compute/formulas.h"

namespace clientele {

uint64_t quantile_key(double x) {
  return ordered_key(x);
}
double quantile_value(uint64_t key) {
  return ordered_value(key);
}

DigitCounter::DigitCounter(int level, std::span<const uint64_t> prefix, std::span<int64_t> counts)
    : level_(level), prefix_(prefix), counts_(counts) {}

void DigitCounter::add(double value) {
  if (!std::isfinite(value)) return;
  const uint64_t key = ordered_key(value);
  const uint64_t above = key_prefix(key, level_);
  for (size_t t = 0; t < prefix_.size(); ++t)
    if (prefix_[t] == above) ++counts_[t * 65536 + key_digit(key, level_)];
}

}  // namespace clientele
