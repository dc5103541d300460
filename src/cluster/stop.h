// When a run ends: a pure function of its history and of the hashes of its sums and counts.
#pragma once

#include <set>
#include <string>

#include "clientele/cluster/cluster.h"

namespace clientele {

class StopTest {
 public:
  StopTest(const LloydSpec& spec, const RowBlocks& rows);
  /// Why the run ends after the last iteration of `state.history`, or "". same_sums: sums and counts are those of the
  /// iteration before.
  std::string reason(const Clustering& state, bool same_sums);
  /// Rounds that may follow `state` before any other reason than "strict" or "cycle" can end the run; the last of them
  /// may. 1 where that takes knowing each round.
  int64_t rounds_ahead(const Clustering& state) const;

 private:
  bool rule_met(const Clustering& state) const;
  /// Rounds at the end of the history that gained little.
  int64_t quiet_rounds(const std::vector<Iteration>& history) const;

  LloydSpec spec_;
  double shift_limit_;
  int64_t total_rows_;
  std::set<std::string> seen_;
};

}  // namespace clientele
