#include "stop.h"

#include <algorithm>

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
  return quiet_rounds(state.history) >= spec_.patience;
}

int64_t StopTest::quiet_rounds(const std::vector<Iteration>& history) const {
  int64_t rounds = 0;
  for (size_t i = history.size(); i-- > 1; ++rounds) {
    const double before = history[i - 1].inertia;
    // A repair may raise the inertia, which is no sign of rest.
    if (history[i - 1].repaired > 0 || before - history[i].inertia > spec_.tolerance * before) break;
  }
  return rounds;
}

int64_t StopTest::rounds_ahead(const Clustering& state) const {
  const int64_t done = static_cast<int64_t>(state.history.size());
  const int64_t left = std::max<int64_t>(spec_.max_iterations - done, 1);
  if (spec_.stop == StopRule::strict) return left;
  if (spec_.stop != StopRule::inertia) return 1;
  const int64_t wanted = spec_.patience - quiet_rounds(state.history) + (done == 0 ? 1 : 0);
  return std::clamp<int64_t>(wanted, 1, left);
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
