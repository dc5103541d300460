#include "value_bins.h"

#include <bit>
#include <cmath>
#include <limits>

namespace clientele {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr size_t kSplitShares = 128;
/// Fewer sampled values say too little about how to split.
constexpr size_t kFewest = 32;

}  // namespace

ValueBins::ValueBins(std::vector<double> sample, int bins) : sample_(std::move(sample)), bins_(bins), top_(bins - 1) {
  std::sort(sample_.begin(), sample_.end());
  const size_t n = sample_.size();
  if (n == 0) return;
  // The outermost values may be far out: they share the end bins.
  const size_t trim = n / (2 * static_cast<size_t>(bins));
  const double low = sample_[trim], high = sample_[n - 1 - trim];
  base_ = low;
  const double span = high - low;
  per_value_ = span > 0 && std::isfinite(span) ? std::min(bins / span, 0x1p1000) : 0;
  base_key_ = ordered_key(low);
  const uint64_t keys = ordered_key(high) - base_key_;
  const int width = static_cast<int>(std::bit_width(keys / static_cast<uint64_t>(bins)));
  shift_ = std::min(width, 63);
  const double by_value = cost();
  by_key_ = true;
  by_key_ = cost() < by_value;
  find_frequent();
}

double ValueBins::cost() const {
  std::vector<double> counts(static_cast<size_t>(bins_));
  each(sample_, [&](double, int bin) { counts[static_cast<size_t>(bin)] += 1; });
  double sum = 0;
  for (const double count : counts) sum += count * count;
  return sum;
}

void ValueBins::find_frequent() {
  const size_t often = std::max<size_t>(2, sample_.size() / 512);
  size_t most = 0;
  int last_bin = -1;
  for (size_t i = 0; i < sample_.size();) {
    size_t end = i;
    while (end < sample_.size() && sample_[end] == sample_[i]) ++end;
    const int where = bin(sample_[i]);
    if (where != last_bin) most = 0;
    last_bin = where;
    if (end - i >= often && end - i > most) {
      most = end - i;
      if (frequent_.empty()) frequent_.assign(static_cast<size_t>(bins_), std::numeric_limits<double>::quiet_NaN());
      frequent_[static_cast<size_t>(where)] = sample_[i];
    }
    i = end;
  }
}

uint64_t ValueBins::first_key(int bin) const {
  uint64_t low = ordered_key(-std::numeric_limits<double>::max());
  uint64_t high = ordered_key(kInfinity);
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    if (this->bin(ordered_value(middle)) < bin)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

std::vector<uint64_t> ValueBins::split(uint64_t low, uint64_t high) const {
  const auto below = [](double x, uint64_t key) { return ordered_key(x) < key; };
  const auto first = std::lower_bound(sample_.begin(), sample_.end(), low, below);
  const auto last = std::lower_bound(first, sample_.end(), high, below);
  const size_t n = static_cast<size_t>(last - first);
  std::vector<uint64_t> edges = {low};
  if (n < kFewest) {
    const uint64_t step = std::max<uint64_t>(1, (high - low) / (2 * kSplitShares) + 1);
    while (high - edges.back() > step) edges.push_back(edges.back() + step);
    edges.push_back(high);
    return edges;
  }
  for (size_t i = 1; i < kSplitShares; ++i) {
    const uint64_t key = ordered_key(first[static_cast<int64_t>(i * n / kSplitShares)]);
    const bool often = key == ordered_key(first[static_cast<int64_t>((i - 1) * n / kSplitShares)]);
    if (key > edges.back()) edges.push_back(key);
    if (often && key == edges.back() && key + 1 < high) edges.push_back(key + 1);
  }
  edges.push_back(high);
  return edges;
}

}  // namespace clientele
