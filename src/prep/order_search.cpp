#include "order_search.h"

#include <algorithm>
#include <cmath>

#include "clientele/compute/backend.h"

namespace clientele {

QuantilePosition quantile_position(int64_t n, double p) {
  const double h = static_cast<double>(n - 1) * p;
  const double floor = std::floor(h);
  QuantilePosition at;
  at.low = std::clamp<int64_t>(static_cast<int64_t>(floor), 0, n - 1);
  at.high = std::min(at.low + 1, n - 1);
  at.f = at.high == at.low ? 0 : h - floor;
  return at;
}

OrderSearch::OrderSearch(const std::vector<std::vector<int64_t>>& ranks) {
  for (const auto& of_column : ranks) {
    auto& wanted = wanted_.emplace_back();
    for (const int64_t rank : of_column) wanted.push_back({rank, 0, 0});
  }
  list_prefixes();
}

void OrderSearch::list_prefixes() {
  std::vector<std::vector<uint64_t>> of_columns;
  targets_ = 1;
  for (auto& wanted : wanted_) {
    auto& list = of_columns.emplace_back();
    for (const Wanted& w : wanted) list.push_back(w.prefix);
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
    for (Wanted& w : wanted)
      w.target = static_cast<size_t>(std::lower_bound(list.begin(), list.end(), w.prefix) - list.begin());
    targets_ = std::max(targets_, static_cast<int>(list.size()));
  }
  // No key has all bits set, so unused places match nothing (at level 0 there is one target, and it is used or
  // harmless).
  prefixes_.assign(wanted_.size() * static_cast<size_t>(targets_), level_ == 0 ? 0 : ~uint64_t{0});
  for (size_t c = 0; c < of_columns.size(); ++c)
    std::copy(of_columns[c].begin(), of_columns[c].end(),
              prefixes_.begin() + static_cast<std::ptrdiff_t>(c) * targets_);
}

void OrderSearch::narrow(std::span<const int64_t> counts) {
  for (size_t c = 0; c < wanted_.size(); ++c) {
    for (Wanted& w : wanted_[c]) {
      const auto digits = counts.subspan((c * static_cast<size_t>(targets_) + w.target) * kDigits, kDigits);
      uint64_t digit = 0;
      while (digit + 1 < kDigits && w.rank >= digits[digit]) w.rank -= digits[digit++];
      w.prefix = (w.prefix << 16) | digit;
    }
  }
  ++level_;
  list_prefixes();
}

double OrderSearch::lowest(size_t column, size_t i) const {
  const uint64_t prefix = wanted_[column][i].prefix;
  return quantile_value(level_ == 0 ? 0 : prefix << (64 - 16 * level_));
}

double OrderSearch::highest(size_t column, size_t i) const {
  const uint64_t prefix = wanted_[column][i].prefix;
  const uint64_t free_bits = level_ == 0 ? ~uint64_t{0} : level_ == kDigitLevels ? 0 : (~uint64_t{0} >> (16 * level_));
  return quantile_value((level_ == 0 ? 0 : prefix << (64 - 16 * level_)) | free_bits);
}

}  // namespace clientele
