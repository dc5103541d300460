// Exact type-7 quantiles per segment and of the population, for several columns at once, in two readings and bounded
// memory: the first (shared with other statistics) counts values in bins, the second gathers only what the bins with
// the wanted ranks hold. Where those hold too much, bins are split and read again. Any number of threads or ranks and
// any bins give the same bytes. A value of weight w is there w times: between which ranks a quantile lies is counted in
// clients (RowBlocks::unit_weight), and the value at a rank is the least of which more weight than that lies at or
// below.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "interval_pass.h"
#include "labelled_rows.h"
#include "value_bins.h"

namespace clientele {

/// Values gathered at a time, at most.
inline constexpr int64_t kMostGathered = int64_t{1} << 23;

class SegmentQuantiles {
 public:
  /// Reads a sample of at most 8 blocks a rank to lay the bins. columns: source columns. budget: values gathered at a
  /// time; Env::memory bounds it and the counters further.
  SegmentQuantiles(const LabelledRows& rows, std::span<const int> columns, std::span<const double> probabilities,
                   int64_t budget = kMostGathered);
  /// For each column (position) and each piece, once. Thread-safe for different workers.
  void count(int worker, int column, const GroupedValues& values);
  /// After the last count: finds all quantiles.
  void solve();
  /// One a probability; NaN where the group holds no value. group: segment, or k for all rows.
  std::vector<double> of(int column, int group) const;

 private:
  void lay_bins();
  struct Tables;
  /// Moves a worker's counts to the totals.
  void flush(Tables& tables);
  std::vector<ValueInterval> first_intervals();
  /// Splits a group's bins at the wanted ranks. values, weights: in each bin.
  void want(int column, int group, std::span<const int64_t> values, std::span<const int64_t> weights,
            std::vector<ValueInterval>& out);
  std::vector<WantedRank> wanted_ranks(int column, int group, int64_t n);
  size_t table_index(int column, int segment) const;
  size_t column_index(int column) const { return static_cast<size_t>(column) * static_cast<size_t>(bins_[0].bins()); }

  /// A quantile between two neighbouring order statistics.
  struct Target {
    size_t low = 0, high = 0;  ///< in results_
    double fraction = 0;
    bool present = false;
  };

  const LabelledRows& rows_;
  std::vector<int> columns_;
  std::vector<double> probabilities_;
  int64_t budget_;
  int k_;
  std::vector<ValueBins> bins_;  ///< as many bins in each column
  /// One worker's counts: narrow, to stay in its cache; flushed before they can overflow.
  struct Tables {
    std::vector<uint32_t> counts;   ///< columns x k x bins
    std::vector<int64_t> weights;   ///< columns x k x bins: sums of m; empty in unweighted jobs
    std::vector<uint32_t> strange;  ///< columns x bins: values that are not the bin's frequent one
    int64_t added = 0;
  };
  std::vector<Tables> tables_;
  std::mutex flushing_;
  std::vector<int64_t> counts_, weights_, strange_;  ///< totals, once flushed
  std::vector<Target> targets_;                      ///< columns x (k + 1) x probabilities
  std::vector<double> results_;
};

}  // namespace clientele
