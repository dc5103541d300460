#include "value_bins.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "clientele/compute/formulas.h"

namespace clientele {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

ValueBins::ValueBins(std::vector<double> sample, int bins) {
  std::sort(sample.begin(), sample.end());
  edges_ = {-kInfinity};
  const size_t n = sample.size();
  for (size_t i = 1; n > 0 && i < static_cast<size_t>(bins); ++i) {
    const double v = sample[i * n / static_cast<size_t>(bins)];
    const bool heavy = v == sample[(i - 1) * n / static_cast<size_t>(bins)];
    if (v > edges_.back()) edges_.push_back(v);
    if (heavy && v == edges_.back()) edges_.push_back(std::nextafter(v, kInfinity));
  }
  edges_.push_back(kInfinity);
  if (n == 0) sample = {0.0};

  const double span = sample.back() - sample.front();
  base_ = sample.front();
  per_cell_ = span > 0 && std::isfinite(span) ? std::min((kCells - 1) / span, 0x1p1000) : 0;
  base_key_ = ordered_key(sample.front());
  const uint64_t keys = ordered_key(sample.back()) - base_key_;
  shift_ = std::max(0, static_cast<int>(std::bit_width(keys)) - static_cast<int>(std::bit_width(uint64_t{kCells - 1})));
  index_cells();
  const double by_value = cost();
  by_key_ = true;
  index_cells();
  if (cost() < by_value) return;
  by_key_ = false;
  index_cells();
}

int ValueBins::cell(double x) const {
  if (by_key_) {
    const uint64_t key = ordered_key(x);
    if (key <= base_key_) return 0;
    return static_cast<int>(std::min<uint64_t>((key - base_key_) >> shift_, kCells - 1));
  }
  const double position = (x - base_) * per_cell_;
  if (!(position > 0)) return 0;
  return position < kCells - 1 ? static_cast<int>(position) : kCells - 1;
}

void ValueBins::index_cells() {
  // Bin i can start inside the cell of its low edge; every later cell lies wholly above that edge.
  first_bin_.assign(kCells + 1, 0);
  for (int i = 1; i < bins(); ++i) {
    int32_t& slot = first_bin_[static_cast<size_t>(cell(low(i))) + 1];
    slot = std::max(slot, i);
  }
  for (size_t c = 1; c < first_bin_.size(); ++c) first_bin_[c] = std::max(first_bin_[c], first_bin_[c - 1]);
}

double ValueBins::cost() const {
  double sum = 0;
  for (int c = 0; c < kCells; ++c) {
    const double inside = last_bin(c) - first_bin(c);
    sum += inside * inside;
  }
  return sum;
}

std::pair<int, int> ValueBins::cells_of(int bin) const {
  const auto begin = first_bin_.begin();
  // first_bin(c) <= bin <= last_bin(c) = first_bin(c + 1), and first_bin never falls.
  const auto last = std::upper_bound(begin, first_bin_.end() - 1, bin) - 1;
  const auto first = std::lower_bound(begin + 1, first_bin_.end(), bin) - 1;
  return {static_cast<int>(first - begin), static_cast<int>(last - begin)};
}

int ValueBins::find_in_cell(double x, int cell) const {
  int bin = first_bin(cell);
  const int last = last_bin(cell);
  if (last - bin > 8) {
    const auto after = std::upper_bound(edges_.begin() + bin + 1, edges_.begin() + last + 1, x);
    return static_cast<int>(after - edges_.begin()) - 1;
  }
  while (bin < last && x >= edges_[static_cast<size_t>(bin) + 1]) ++bin;
  return bin;
}

}  // namespace clientele
