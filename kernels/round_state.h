// What one model's rounds keep in device memory, and what finishes a round there: centroids, sums, counts and drift.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "clientele/compute/backend.h"
#include "fused.h"
#include "moved_sums.h"
#include "screen.h"

namespace clientele::gpu {

/// What lasts from round to round, as kernels see it. Device memory.
struct LoopView {
  Word* high;            ///< k x d: WideSum::high of all labels
  Word* low;             ///< k x d
  Word* counts;          ///< k
  float* values;         ///< see CentroidsOnDevice
  float* grouped;        ///< the same
  ScreenBound* bounds;   ///< the same
  float* next;           ///< k x d
  const double* scales;  ///< d
  double* moved;         ///< Drift::moved, k; null where no bounds are kept
  double* segment;       ///< Drift::segment and ::any, k + 1
  float* drift;          ///< drift_numbers
  Word* made;            ///< 1: rounds
  Word* ended;           ///< 1
  int k, d;
};

/// A pass that is over, and the loop that it belongs to.
struct FinishedPass {
  LoopView loop;
  SumsView sums;
};

/// One model's, or those of several models that make rounds together. Everything lies in one piece of memory, so that a
/// call takes one copy to the device and one back, however many models there are.
class RoundStates {
 public:
  /// Of at most most[m] rounds of model m. All have the same scales. `device` must outlive them.
  RoundStates(const Device& device, std::span<const LoopState> states, std::span<const int64_t> most, bool bounded);

  /// The largest of `most`.
  int64_t rounds() const;
  /// The models that may make so many rounds, though some of them may have ended before.
  std::vector<size_t> at_work(int64_t round) const;
  /// What a round's pass labels to and adds to.
  PassModel model(size_t m, int64_t round) const;
  /// Of each model at work: moves the centroids to the means that the round's pass left, and adds up their drift; or
  /// ends its rounds, if the pass left sums and counts as they were, or a segment without weight.
  void finish(int64_t round) const;
  /// Of each model one a round made. Waits for the device.
  std::vector<std::vector<PassResult>> results() const;

 private:
  /// Where a model's arrays stand, in bytes; -1: not there.
  struct Part {
    int k = 0;
    int64_t most = 0;
    int64_t values = 0, grouped = 0, bounds = 0, next = 0;
    int64_t sums = 0;                              // high, low and counts of all labels
    int64_t drift = -1, segment = -1, moved = -1;  // of bounded passes
    int64_t made = 0;                              // made, ended, then the passes' sums
  };
  void lay_out(std::span<const LoopState> states, std::span<const int64_t> most, bool bounded);
  void send(std::span<const LoopState> states);
  template <class T>
  T* at(int64_t byte) const {
    return byte < 0 ? nullptr : reinterpret_cast<T*>(memory_.data() + byte);
  }
  Word* sums_of(const Part& part, int64_t round) const;
  FinishedPass finished(const Part& part, int64_t round) const;

  const Device& device_;
  int d_;
  std::vector<Part> parts_;
  int64_t scales_ = 0, finished_ = 0;  // where these stand; passes round by round, of the models at work
  int64_t found_ = 0;                  // from here on zeros at first, and what the host wants back
  Buffer<std::byte> memory_;
};

}  // namespace clientele::gpu
