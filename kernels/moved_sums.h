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

/// 64-bit words of one pass' sums: high, low, counts, rows, counters.
int64_t sums_words(int k, int d);
SumsView sums_view(Word* words, int k, int d);
/// words: copied to the host.
PassResult sums_result(std::span<const Word> words, int k, int d);

class MovedSums {
 public:
  MovedSums(const Device& device, int k, int d, std::span<const double> scales);

  /// Adds every row whose label and next differ and makes next its label.
  void add_moved(const CudaRows& rows);
  SumsView view() const { return sums_view(words_.data(), k_, d_); }
  const double* scales() const { return scales_.data(); }  ///< d, device memory
  /// Everything so far; waits for the device.
  PassResult result() const;

 private:
  const Device& device_;
  int k_, d_;
  Buffer<double> scales_;
  Buffer<Word> words_;
};

}  // namespace clientele::gpu
