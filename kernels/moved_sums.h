// Integer sums of the rows that changed segment (exactness.md 3): added to the new one, subtracted from the old one.
#pragma once

#include <span>

#include "clientele/compute/backend.h"
#include "rows.h"

namespace clientele::gpu {

/// 64-bit words for atomics; two's complement, so that subtracting is adding.
using Word = unsigned long long;

/// What kernels add to. Device memory.
struct SumsView {
  Word* high;          ///< k x d: WideSum::high
  Word* low;           ///< k x d: WideSum::low
  Word* counts;        ///< k
  Word* rows;          ///< k
  Word* moved;         ///< 1
  Word* scanned;       ///< 1: rows that a bounded pass looked at
  Word* rechecked;     ///< 1
  Word* out_of_range;  ///< 1, see quantised.h
  int k;
  int d;
};

class MovedSums {
 public:
  /// passes: how many add, each to sums of its own.
  MovedSums(const Device& device, int k, int d, std::span<const double> scales, int64_t passes = 1);

  /// Adds every row whose label and next differ and makes next its label.
  void add_moved(const CudaRows& rows);
  SumsView view(int64_t pass = 0) const;
  const double* scales() const { return scales_.data(); }  ///< d, device memory
  /// Of the first `passes` passes, everything so far; waits for the device.
  std::vector<PassResult> results(int64_t passes) const;

 private:
  enum Counter { kMoved, kScanned, kRechecked, kOutOfRange, kCounters };
  int64_t cells() const { return int64_t{k_} * d_; }
  int64_t words() const { return 2 * cells() + 2 * int64_t{k_} + kCounters; }
  PassResult result_of(std::span<const Word> words) const;
  const Device& device_;
  int k_, d_;
  Buffer<double> scales_;
  Buffer<Word> words_;  // a pass: high, low, counts, rows, counters
};

}  // namespace clientele::gpu
