#include "stop.h"

#include "clientele/base/files.h"

namespace clientele {

namespace {

/// Of the values, not of their words.
std::string state_hash(const Clustering& state) {
  std::vector<Int128> words;
  words.reserve(state.sums.size() + state.counts.size());
  for (const WideSum& sum : state.sums) words.push_back(sum.value());
  for (const int64_t count : state.counts) words.push_back(count);
  return checksum_bytes(std::as_bytes(std::span<const Int128>(words)));
}

double mean(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

}  // namespace

StopTest::StopTest(const LloydSpec& spec, const RowBlocks& rows)
    : spec_(spec), shift_limit_(spec.tolerance * mean(rows.variances)), total_rows_(rows.total_rows) {}

bool StopTest::rule_met(const Clustering& state) const {
  const Iteration& last = state.history.back();
  switch (spec_.stop) {
    case StopRule::strict:
      return false;
    case StopRule::shift:
      return last.shift2 <= shift_limit_;
    case StopRule::moved:
      return static_cast<double>(last.moved) <= spec_.tolerance * static_cast<double>(total_rows_);
    case StopRule::inertia:
      break;
  }
  return gains_little(state.history);
}

bool StopTest::gains_little(const std::vector<Iteration>& history) const {
  const size_t rounds = static_cast<size_t>(spec_.patience);
  if (history.size() <= rounds) return false;
  for (size_t i = history.size() - rounds; i < history.size(); ++i) {
    const double before = history[i - 1].inertia;
    // A repair may raise the inertia, which is no sign of rest.
    if (history[i - 1].repaired > 0 || before - history[i].inertia > spec_.tolerance * before) return false;
  }
  return true;
}

std::string StopTest::reason(const Clustering& state, bool same_sums) {
  const bool repaired = state.history.back().repaired > 0;
  if (same_sums && !repaired) return "strict";
  if (!repaired && rule_met(state)) {
    switch (spec_.stop) {
      case StopRule::shift:
        return "shift";
      case StopRule::inertia:
        return "inertia";
      case StopRule::moved:
        return "moved";
      case StopRule::strict:
        break;
    }
  }
  // The same sums right after a repair are no cycle: the repaired centroid has not been tried yet.
  if (!same_sums && !seen_.insert(state_hash(state)).second) return "cycle";
  if (static_cast<int64_t>(state.history.size()) >= spec_.max_iterations) return "max_iterations";
  return "";
}

}  // namespace clientele
