#include "clientele/base/canonical.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "clientele/base/errors.h"

namespace clientele {

namespace {

void require(bool holds, const char* what, int64_t expected, int64_t found) {
  if (holds) return;
  throw Error{ErrorKind::internal,
              {.what = what,
               .where = "canonical reduction",
               .expected = std::to_string(expected),
               .found = std::to_string(found)}};
}

/// values[i] is row (row_in_block + i) of one block.
void add_to_lanes(Lanes& lanes, int64_t row_in_block, std::span<const double> values) {
  for (size_t i = 0; i < values.size(); ++i) {
    const double x = values[i];
    if (x == x) lanes.lane[(static_cast<size_t>(row_in_block) + i) % kLanes] += x;
  }
}

}  // namespace

void CanonicalSum::add(int64_t first_row, std::span<const double> values) {
  require(first_row >= 0 && first_row % kBlockRows == rows_in_block_, "values do not follow the ones before",
          rows_in_block_, first_row % kBlockRows);
  while (!values.empty()) {
    const size_t room = static_cast<size_t>(kBlockRows - rows_in_block_);
    const std::span<const double> piece = values.first(std::min(room, values.size()));
    add_to_lanes(open_, rows_in_block_, piece);
    rows_in_block_ += static_cast<int64_t>(piece.size());
    values = values.subspan(piece.size());
    if (rows_in_block_ == kBlockRows) close();
  }
}

void CanonicalSum::append_closed(double block_sum) {
  require(rows_in_block_ == 0, "a closed block follows an open one", 0, rows_in_block_);
  closed_.push_back(block_sum);
}

void CanonicalSum::close() {
  if (rows_in_block_ == 0) return;
  closed_.push_back(open_.fold());
  open_ = Lanes{};
  rows_in_block_ = 0;
}

double CanonicalSum::total() {
  close();
  return merge(closed_);
}

double CanonicalSum::merge(std::span<const double> blocks) {
  double sum = 0;
  for (const double block : blocks) sum += block;
  return sum;
}

double CanonicalSum::block_sum(std::span<const double> values) {
  require(values.size() <= static_cast<size_t>(kBlockRows), "more values than a block holds", kBlockRows,
          static_cast<int64_t>(values.size()));
  Lanes lanes;
  add_to_lanes(lanes, 0, values);
  return lanes.fold();
}

Moments Moments::merge(const Moments& a, const Moments& b) {
  Moments all;
  all.present = a.present + b.present;
  all.missing = a.missing + b.missing;
  all.infinite = a.infinite + b.infinite;
  all.min = b.min < a.min ? b.min : a.min;
  all.max = b.max > a.max ? b.max : a.max;
  if (a.present == 0 || b.present == 0) {
    const Moments& only = a.present == 0 ? b : a;
    all.mean = only.mean;
    all.m2 = only.m2;
    return all;
  }
  const double n_a = static_cast<double>(a.present);
  const double n_b = static_cast<double>(b.present);
  const double n = static_cast<double>(all.present);
  const double delta = b.mean - a.mean;
  all.mean = a.mean + delta * (n_b / n);
  all.m2 = (a.m2 + b.m2) + (delta * delta) * (n_a * n_b / n);
  return all;
}

Moments Moments::merge(std::span<const Moments> blocks) {
  Moments all;
  for (const Moments& block : blocks) all = merge(all, block);
  return all;
}

void MomentLanes::add(int64_t row_in_block, std::span<const double> values) {
  require(row_in_block >= 0 && row_in_block + static_cast<int64_t>(values.size()) <= kBlockRows,
          "rows outside their block", kBlockRows, row_in_block + static_cast<int64_t>(values.size()));
  for (size_t i = 0; i < values.size(); ++i) {
    const double x = values[i];
    if (x != x) {
      ++missing;
      continue;
    }
    if (std::isinf(x)) {
      ++infinite;
      continue;
    }
    if (present == 0) shift = x;
    ++present;
    if (x < min) min = x;
    if (x > max) max = x;
    const size_t lane = (static_cast<size_t>(row_in_block) + i) % kLanes;
    const double t = x - shift;
    p[lane] += t;
    q[lane] = std::fma(t, t, q[lane]);
  }
}

Moments MomentLanes::close() const {
  Moments block;
  block.present = present;
  block.missing = missing;
  block.infinite = infinite;
  block.min = min;
  block.max = max;
  if (present == 0) return block;
  Lanes sums, squares;
  for (int i = 0; i < kLanes; ++i) {
    sums.lane[i] = p[i];
    squares.lane[i] = q[i];
  }
  const double m = static_cast<double>(present);
  const double sum = sums.fold();
  block.mean = shift + sum / m;
  const double m2 = squares.fold() - sum * sum / m;
  block.m2 = m2 < 0 ? 0 : m2;
  return block;
}

}  // namespace clientele
