// Starts raced on a sample, so that only the best is run on all rows: greedy k-means++ (or random rows) and Lloyd on a
// small sample for each restart, then Lloyd on a larger one for the best of them. In the spirit of Bradley & Fayyad,
// "Refining initial points for k-means clustering", ICML 1998. Use when there are far more rows than the sample; rows
// so few that they stand in no sample at all are found afterwards (far_starts.h).
#pragma once

#include <initializer_list>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "clientele/cluster/cluster.h"

namespace clientele {

/// Start number `restart` of spec.init, on these rows.
std::vector<float> drawn_start(RowBlocks& rows, int k, const ClusterSpec& spec, uint32_t restart, Env& env);

class StartRace {
 public:
  /// Draws the sample for every k up to most_k. Collective. `rows` and `env` must outlive the race.
  StartRace(RowBlocks& rows, int most_k, const ClusterSpec& spec, Env& env);

  /// The best start for k by the larger sample's inertia, ties by the lowest restart; the same on all ranks. Without
  /// centroids where no sample can stand for the rows: there are hardly more of them, or it has fewer than k distinct
  /// ones.
  FitStart best(int k);

 private:
  struct Sample {
    RowBlocks rows;
    std::vector<Int128> squares;  ///< Q_j
  };
  Sample& sample(int64_t count);
  /// Of these numbers of rows only: the plan has room for the two of one k.
  void keep_samples(std::initializer_list<int64_t> counts);
  /// Those that starts of k or more segments can still begin with.
  void keep_starts(int k);
  std::vector<FitStart> heat(Sample& sample, int k);
  /// Start of a heat. Those of k-means++ are drawn once for all k that begin alike.
  std::vector<float> start(RowBlocks& rows, int k, uint32_t restart);
  /// The largest k whose starts begin as those of k do, on the same rows.
  int longest(RowBlocks& rows, int k);

  RowBlocks& rows_;
  int most_k_;
  const ClusterSpec& spec_;
  Env& env_;
  SilentProgress silent_;
  std::unique_ptr<Comm> alone_ = make_single_comm();
  Env own_;  ///< one rank: every rank races all of the sample
  SampledRows drawn_;
  std::map<int64_t, Sample> samples_;                                      ///< by the number of rows asked for
  std::map<std::pair<int, uint32_t>, std::vector<float>> longest_starts_;  ///< by k and restart
};

}  // namespace clientele
