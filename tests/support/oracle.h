// What a backend must give, by the definitions of the design and by nothing clever: triple loops in double, 128-bit
// integers. Slow and obvious.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "clientele/base/canonical.h"
#include "clientele/base/fixed_point.h"
#include "clientele/compute/backend.h"

namespace clientele::oracle {

/// n x d rows, row-major, with their weights (empty: 1 each) and the global index of the first.
struct Rows {
  int64_t n = 0;
  int d = 0;
  std::vector<float> x;
  std::vector<int64_t> m;
  int64_t first_row = 0;

  const float* row(int64_t i) const { return x.data() + i * d; }
  int64_t weight(int64_t i) const { return m.empty() ? 1 : m[static_cast<size_t>(i)]; }
};

/// k x d, row-major.
struct Centroids {
  int k = 0;
  std::vector<float> x;
};

/// sum over j ascending of fma(t, t, acc), t = double(x_j) - double(c_j).
double d2(const float* x, const float* c, int d);

struct Nearest {
  int first = 0, second = -1;
  double first_d2 = 0, second_d2 = 0;
};
/// The two smallest (D, index) of row i; second is -1 for k = 1.
Nearest nearest(const Rows& rows, int64_t i, const Centroids& centroids);
std::vector<int32_t> labels(const Rows& rows, const Centroids& centroids);

/// 2^(40 - e), e the least exponent with max |x_j| <= 2^e; 1 for a column of zeros.
std::vector<double> scales(const Rows& rows);
/// k x d sums of m * llrint(x * scale) over the rows of each label.
std::vector<Int128> sums(const Rows& rows, std::span<const int32_t> labels, int k, std::span<const double> scales);
std::vector<int64_t> counts(const Rows& rows, std::span<const int32_t> labels, int k, bool weighted);
std::vector<Int128> square_sums(const Rows& rows, std::span<const double> scales);

/// Folded sums of the 65,536-row blocks of values (NaN is absent), values[0] being the first row of a block.
std::vector<double> block_sums(std::span<const double> values);
/// As block_sums, of the values whose row has label c.
std::vector<double> block_sums_of(std::span<const double> values, std::span<const int32_t> labels, int c);
/// Moments of one block's values.
Moments moments(std::span<const double> values);

/// float(sqrt D1), (r2 - r1) / r2.
double margin(const Nearest& nearest);

/// The best `count` rows to repair empty segments with.
std::vector<FarRow> far_rows(const Rows& rows, const Centroids& centroids, std::span<const int32_t> labels, int count);

/// The row with the smallest -log(u) / w of those with w > 0.
Draw draw(const Rows& rows, const RandomKey& key, std::span<const double> min_d2);
std::vector<std::pair<uint64_t, int64_t>> smallest_keys(const Rows& rows, const RandomKey& key, int64_t count);
std::vector<std::vector<float>> distinct_rows(const Rows& rows, int64_t limit);

/// Squared-Euclidean silhouette of every row, times its weight (NaN where the label is -1).
std::vector<double> squared_silhouette(const Rows& rows, std::span<const int32_t> labels,
                                       const SegmentMoments& segments);
/// m * |x|^2 of every row.
std::vector<double> norm2(const Rows& rows);
/// unit: m of one client, as in PairOps.
std::vector<double> silhouette(const Rows& rows, std::span<const int32_t> labels, int k, double unit);

}  // namespace clientele::oracle
