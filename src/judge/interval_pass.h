// One reading of the rows for a set of value intervals: gathers the values of the small ones, counts the large ones
// finer.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "labelled_rows.h"
#include "value_bins.h"

namespace clientele {

/// An order statistic to find: the value of `rank` (from 0) among the values of its interval, each there as often as
/// its m (1 in unweighted jobs).
struct WantedRank {
  int64_t rank = 0;
  size_t result = 0;  ///< where the value goes
};

/// The values of one column in one group (segment c, or k: all rows) whose ordered keys lie in [key_low, key_high),
/// inside one bin.
struct ValueInterval {
  int column = 0, group = 0, bin = 0;
  uint64_t key_low = 0, key_high = 0;
  int64_t values = 0;  ///< in it, all ranks
  int64_t weight = 0;  ///< sum of their m
  std::vector<WantedRank> wanted;
};

/// Adds an interval for each part between `keys` (ascending, parts + 1) that holds a wanted rank; values, weights: in
/// each part. A part of a single key is an answer already and goes to `results`.
void split_interval(const ValueInterval& whole, std::span<const uint64_t> keys, std::span<const int64_t> values,
                    std::span<const int64_t> weights, std::vector<ValueInterval>& out, std::vector<double>& results);

class IntervalPass {
 public:
  /// At most `budget` values are kept at a time: the smallest intervals are gathered, the others counted in parts.
  IntervalPass(std::vector<ValueInterval> intervals, std::span<const ValueBins> bins, const LabelledRows& rows,
               int64_t budget);
  /// Reads. Fills results of what was found and returns the intervals that are left. columns: source columns, by
  /// position.
  std::vector<ValueInterval> run(std::span<const int> columns, std::vector<double>& results);

 private:
  /// Room for the values of a gathered interval, or its counts (one set a worker).
  struct Slot {
    int32_t next = -1;            ///< of the same column, group and bin
    int64_t begin = -1;           ///< in gathered_, or -1
    int64_t counter = -1;         ///< in a worker's counts, or -1: values of each part, then weights of each
    std::vector<uint64_t> edges;  ///< of the parts that are counted
  };

  void index(int k);
  void look(int position, int column, const LabelledPiece& piece, std::vector<int64_t>& counts);
  void take(int32_t head, double x, int64_t m, std::vector<int64_t>& counts);
  /// Puts the gathered values of all ranks together.
  void share(Comm& comm);
  template <class T>
  void share(std::vector<T>& gathered, std::span<const int64_t> own_sizes, std::span<const int64_t> sizes, Comm& comm);
  void select(const ValueInterval& interval, std::span<double> values, std::vector<double>& results) const;
  void select(const ValueInterval& interval, std::span<const double> values, std::span<const int64_t> weights,
              std::vector<double>& results) const;
  size_t head_index(int column, int group, int bin) const;
  size_t flag_index(int column, int segment) const;
  std::vector<ValueInterval> answer(std::span<const int64_t> counts, ThreadPool& pool, std::vector<double>& results);

  std::vector<ValueInterval> intervals_;  ///< ascending by values
  std::span<const ValueBins> bins_;
  const LabelledRows& rows_;
  int groups_;
  int most_bins_ = 0;
  std::vector<Slot> slots_;
  std::vector<int32_t> heads_;  ///< columns x groups x most_bins: first slot, or -1
  std::vector<int8_t> flags_;   ///< columns x segments x cells: 1 where a value may lie in an interval
  std::vector<bool> used_;      ///< columns
  std::vector<double> gathered_;
  std::vector<int64_t> gathered_weights_;  ///< m of each; empty in unweighted jobs
  std::vector<std::atomic<int64_t>> filled_;
  int64_t counters_ = 0;
};

}  // namespace clientele
