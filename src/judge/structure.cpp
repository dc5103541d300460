#include "structure.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <vector>

#include "clientele/cluster/two_means.h"
#include "dip.h"
#include "spread_ties.h"

namespace clientele {

namespace {

/// Rows to test in a cell, at least; and as many to fit.
constexpr size_t kFewestRows = 30;
/// kDipLimit allows for as many.
constexpr int64_t kMostSplits = 100;

/// Positions in the sample: those that splits are fitted on and those that they are tested on.
struct Cell {
  std::vector<int64_t> fit, test;
};

/// Where the rows along a cut are looked at, ends included: all of the smaller side and as many of the larger one,
/// those next to the cut, with all that are as far as the last of them: they may be the whole side. A slab of a convex
/// cell is convex too, and a small group stands out in it.
struct Window {
  double low = 0, high = 0;
};

Window window_of(const TwoMeans& values, const Cut& cut, const std::vector<int64_t>& rows) {
  std::vector<double> low, high;  // distances from the cut
  for (const int64_t i : rows) {
    const double at = cut.at(values.row(i));
    if (at > 0)
      high.push_back(at);
    else
      low.push_back(-at);
  }
  std::sort(low.begin(), low.end());
  std::sort(high.begin(), high.end());
  const size_t smaller = std::min(low.size(), high.size());
  if (smaller == 0) return {};
  const double endless = std::numeric_limits<double>::infinity();
  return {.low = low.size() > smaller ? -low[smaller] : -endless,
          .high = high.size() > smaller ? high[smaller] : endless};
}

/// sqrt(n) * dip of the rows in the window; negative if they are too few to tell.
double telling(const TwoMeans& values, const Cut& cut, const Window& window, const std::vector<int64_t>& rows) {
  std::vector<double> along;
  for (const int64_t i : rows) {
    const double at = cut.at(values.row(i));
    if (at >= window.low && at <= window.high) along.push_back(at);
  }
  if (along.size() < kFewestRows) return -1;
  std::sort(along.begin(), along.end());
  return std::sqrt(static_cast<double>(along.size())) * dip(along);
}

}  // namespace

Structure test_structure(const RowSample& sample, bool spherical, uint64_t seed) {
  Structure out{.rows = sample.rows(), .limit = kDipLimit};
  Cell whole;
  const RandomKey key{seed, Purpose::bootstrap, 0, 2, 0};
  for (int64_t i = 0; i < sample.rows(); ++i)
    (random_bits(key, sample.row[static_cast<size_t>(i)]) % 2 == 0 ? whole.fit : whole.test).push_back(i);
  // Rows of unit length lie on no lattice.
  const std::vector<float> rows = spherical ? sample.values : spread_ties(sample, seed);
  const TwoMeans values(rows, sample.d, {}, spherical);
  std::deque<Cell> cells = {std::move(whole)};
  while (!cells.empty() && out.splits < kMostSplits) {
    const Cell cell = std::move(cells.front());
    cells.pop_front();
    if (cell.fit.size() < kFewestRows || cell.test.size() < kFewestRows) continue;
    const Cut cut = values.cut(cell.fit);
    const Window window = window_of(values, cut, cell.fit);
    const double tells = telling(values, cut, window, cell.test);
    if (tells >= 0) ++out.splits;
    out.largest = std::max(out.largest, tells);
    Sides fit = sides_of(values, cut, cell.fit), test = sides_of(values, cut, cell.test);
    if (fit.low.empty() || fit.high.empty()) continue;
    cells.push_back({std::move(fit.low), std::move(test.low)});
    cells.push_back({std::move(fit.high), std::move(test.high)});
  }
  out.tested = out.splits > 0;
  out.found = out.largest > out.limit;
  return out;
}

}  // namespace clientele
