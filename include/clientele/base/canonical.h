// The canonical reduction: the only floating-point sum that may reach a result (exactness.md 1). Row r of a 65,536-row
// GLOBAL block adds to lane r mod 64, ascending; the 64 lanes fold by halves; blocks merge in ascending order; absent
// values are skipped. Ranks own whole 65,536-row blocks, so a result needs the closed block values of all ranks, in
// rank order, and one sequential merge.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "clientele/base/host_device.h"

namespace clientele {

inline constexpr int64_t kBlockRows = 65536;
inline constexpr int kLanes = 64;

struct Lanes {
  double lane[kLanes] = {};

  /// 32, 16, .. 1: lane i += lane i + half.
  CLIENTELE_HD double fold() const {
    double v[kLanes];
    for (int i = 0; i < kLanes; ++i) v[i] = lane[i];
    for (int half = kLanes / 2; half > 0; half /= 2)
      for (int i = 0; i < half; ++i) v[i] = v[i] + v[i + half];
    return v[0];
  }
};

/// A canonical sum under way. Values come in ascending global row order, in pieces of any size; or whole blocks are
/// summed elsewhere (in parallel) with block_sum and appended with append_closed.
class CanonicalSum {
 public:
  /// values[i] belongs to global row first_row + i; NaN is absent. first_row must be where the last call ended (any
  /// start for the first call that lies on a block boundary).
  void add(int64_t first_row, std::span<const double> values);
  /// Appends the folded sum of one whole (or last, short) block; the open lanes must be empty.
  void append_closed(double block_sum);
  /// Folds what is open. Call once, after the last row of this rank.
  void close();
  const std::vector<double>& blocks() const { return closed_; }
  /// close() and merge of this rank's blocks, ascending.
  double total();
  /// Sequential merge of block sums.
  static double merge(std::span<const double> blocks);
  /// One whole block's values -> its folded sum. values.size() <= 65,536; values[0] is the block's row 0.
  static double block_sum(std::span<const double> values);

 private:
  Lanes open_;
  int64_t rows_in_block_ = 0;
  std::vector<double> closed_;
};

/// Count, mean and spread of one column. Infinite values count as infinite and are left out of the rest, like missing
/// (NaN) ones.
struct Moments {
  int64_t present = 0;
  int64_t missing = 0;
  int64_t infinite = 0;
  double mean = 0;
  double m2 = 0;  ///< sum of squared deviations
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();

  double variance() const { return present > 0 ? m2 / static_cast<double>(present) : 0; }  ///< ddof 0
  /// delta = mean_b - mean_a, mean = mean_a + delta*(n_b/n), M2 = (M2_a + M2_b) + (delta*delta)*(n_a*n_b/n).
  static Moments merge(const Moments& a, const Moments& b);
  /// Left fold in ascending block order.
  static Moments merge(std::span<const Moments> blocks);
};

/// The open state of one column inside one 65,536-row block: shift s = first present value, P = sum(x - s), Q = sum((x
/// - s)^2) by fma, in lanes. Shared by host and device; a device keeps one of these per column.
struct MomentLanes {
  double shift = 0;
  double p[kLanes] = {};
  double q[kLanes] = {};
  int64_t present = 0, missing = 0, infinite = 0;
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();

  /// values[i] is row (row_in_block + i) of the block.
  void add(int64_t row_in_block, std::span<const double> values);
  /// mean = s + P/m, M2 = Q - P*P/m (never below 0).
  Moments close() const;
};

}  // namespace clientele
