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

 private:
  bool rule_met(const Clustering& state) const;
  bool gains_little(const std::vector<Iteration>& history) const;

  LloydSpec spec_;
  double shift_limit_;
  int64_t total_rows_;
  std::set<std::string> seen_;
};

}  // namespace clientele
