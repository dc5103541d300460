// Lloyd's algorithm (S. P. Lloyd, "Least squares quantization in PCM", 1957, IEEE Trans. Inf. Theory 28, 1982), pass by
// pass, so that several runs can share each read of the rows.
#pragma once

#include <span>
#include <vector>

#include "clientele/cluster/cluster.h"
#include "pass.h"
#include "stop.h"

namespace clientele {

class LloydRun {
 public:
  enum class End {
    at_stop,  ///< sums and labels are those of the last round's pass
    settled,  ///< one more pass finds those of the centroids that the last round left, unless they are the same
  };
  /// set: of the label slots, which must be cleared, or hold the labels of the pass from `start` that take() gets
  /// first.
  LloydRun(const RowBlocks& rows, std::span<const Int128> squares, std::vector<float> start, const LloydSpec& spec,
           End end, int set = 0);

  /// What the next pass labels to.
  Labelling next() const { return {{state_.centroids.data(), state_.k, state_.d}, &drift_, set_}; }
  /// Takes that pass' result.
  void take(const PassResult& pass, RowBlocks& rows, Env& env);
  /// Takes the results of as many passes as the backend makes at once and no rule could end the run before; false if
  /// it makes none, and nothing was done.
  bool take_rounds(RowBlocks& rows, Env& env);
  /// What a backend may do for this run beside others (AssignOps::rounds_together).
  ModelRounds ahead(const RowBlocks& rows) const;
  /// Takes what it did; false if that is nothing.
  bool take_all(std::span<const PassResult> passes, RowBlocks& rows, Env& env);
  bool done() const { return done_; }
  const Clustering& state() const { return state_; }
  /// Once done.
  Clustering result();

 private:
  void update(RowBlocks& rows, int64_t moved, int64_t rechecked, bool same_sums, Env& env);

  LloydSpec spec_;
  StopTest stop_;
  Clustering state_;
  Drift drift_;
  int set_;
  bool settles_;
  bool done_ = false;
};

/// Runs all to their ends. Rows that are streamed: one pass of each in each read. Rows in memory: together as far as
/// the backend makes rounds of several models at once, then one after the other.
void run_together(std::span<LloydRun> runs, RowBlocks& rows, Env& env);

/// lloyd() from each of several starts, kStartsTogether of them together on label sets of their own, which are given
/// back.
std::vector<Clustering> lloyd_together(RowBlocks& rows, std::span<const Int128> squares,
                                       std::vector<std::vector<float>> starts, const LloydSpec& spec, Env& env);

}  // namespace clientele
