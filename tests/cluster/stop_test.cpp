#include "src/cluster/stop.h"

#include <gtest/gtest.h>

namespace clientele::test {
namespace {

RowBlocks hundred_rows() {
  RowBlocks rows;
  rows.total_rows = 100;
  rows.d = 1;
  rows.variances = {1};
  return rows;
}

/// One more iteration whose only sum has the given value.
void iterate(Clustering& state, int64_t sum, int64_t repaired = 0, double inertia = 1) {
  state.sums = {{.high = 0, .low = sum}};
  state.counts = {1};
  state.history.push_back({.inertia = inertia, .shift2 = 9, .moved = 50, .rechecked = 0, .repaired = repaired});
}

TEST(Stop, ARepeatedStateIsACycle) {
  StopTest stop({.max_iterations = 100}, hundred_rows());
  Clustering state;
  iterate(state, 5);
  EXPECT_EQ(stop.reason(state, false), "");
  iterate(state, 6);
  EXPECT_EQ(stop.reason(state, false), "");
  iterate(state, 7);
  EXPECT_EQ(stop.reason(state, false), "");
  iterate(state, 6);
  EXPECT_EQ(stop.reason(state, false), "cycle");
}

TEST(Stop, TheHashIsOfValuesNotOfWords) {
  StopTest stop({.max_iterations = 100}, hundred_rows());
  Clustering state;
  iterate(state, 0);
  state.sums = {{.high = 1, .low = 0}};
  EXPECT_EQ(stop.reason(state, false), "");
  iterate(state, 3);
  EXPECT_EQ(stop.reason(state, false), "");
  iterate(state, int64_t{1} << 20);  // the first sum in other words
  EXPECT_EQ(stop.reason(state, false), "cycle");
}

TEST(Stop, SameSumsConvergeUnlessARepairChangedACentroid) {
  StopTest stop({.max_iterations = 100}, hundred_rows());
  Clustering state;
  iterate(state, 5);
  EXPECT_EQ(stop.reason(state, false), "");
  iterate(state, 5, 1);
  EXPECT_EQ(stop.reason(state, true), "");
  iterate(state, 5);
  EXPECT_EQ(stop.reason(state, true), "strict");
}

TEST(Stop, NoRuleEndsARoundThatRepaired) {
  for (const StopRule rule : {StopRule::shift, StopRule::inertia, StopRule::moved}) {
    StopTest stop({.stop = rule, .tolerance = 100, .max_iterations = 3}, hundred_rows());
    Clustering state;
    iterate(state, 1, 1);
    EXPECT_EQ(stop.reason(state, false), "");
    iterate(state, 2, 1);
    EXPECT_EQ(stop.reason(state, false), "");
    iterate(state, 3, 1);
    EXPECT_EQ(stop.reason(state, false), "max_iterations");
  }
}

TEST(Stop, InertiaWantsSeveralRoundsOfLittleGainInARow) {
  StopTest stop({.stop = StopRule::inertia, .tolerance = 0.01, .max_iterations = 100, .patience = 3}, hundred_rows());
  Clustering state;
  int64_t sum = 0;
  for (const double inertia : {100.0, 99.5, 99.0, 90.0, 89.9, 89.8}) {
    iterate(state, ++sum, 0, inertia);
    EXPECT_EQ(stop.reason(state, false), "") << inertia;
  }
  iterate(state, ++sum, 0, 89.7);
  EXPECT_EQ(stop.reason(state, false), "inertia");
}

TEST(Stop, ARepairIsNoSignOfRest) {
  StopTest stop({.stop = StopRule::inertia, .tolerance = 0.01, .max_iterations = 100, .patience = 2}, hundred_rows());
  Clustering state;
  iterate(state, 1, 0, 100);
  iterate(state, 2, 1, 100);
  EXPECT_EQ(stop.reason(state, false), "");
  iterate(state, 3, 0, 100);
  EXPECT_EQ(stop.reason(state, false), "");
  iterate(state, 4, 0, 100);
  EXPECT_EQ(stop.reason(state, false), "");
  iterate(state, 5, 0, 100);
  EXPECT_EQ(stop.reason(state, false), "inertia");
}

TEST(Stop, KnowsHowManyRoundsMayFollow) {
  const RowBlocks rows = hundred_rows();
  Clustering state;
  const StopTest strict({.max_iterations = 7}, rows), moved({.stop = StopRule::moved}, rows);
  StopTest inertia({.stop = StopRule::inertia, .tolerance = 0.01, .max_iterations = 100, .patience = 3}, rows);
  EXPECT_EQ(strict.rounds_ahead(state), 7);
  EXPECT_EQ(moved.rounds_ahead(state), 1);
  int64_t ahead = inertia.rounds_ahead(state);
  EXPECT_EQ(ahead, 4);
  // Gains of a half, of nothing, of a half, and of nothing until it stops.
  for (const double cost : {8.0, 4.0, 4.0, 2.0, 2.0, 2.0, 2.0}) {
    iterate(state, static_cast<int64_t>(state.history.size()), 0, cost);
    const bool stopped = !inertia.reason(state, false).empty();
    --ahead;
    EXPECT_EQ(stopped, ahead == 0 && cost == 2.0 && state.history.size() == 7u);
    const int64_t now = inertia.rounds_ahead(state);
    EXPECT_GE(now, ahead);  // never fewer than was said before
    ahead = now;
  }
  EXPECT_EQ(strict.rounds_ahead(state), 1);
  state.history.pop_back();
  EXPECT_EQ(inertia.rounds_ahead(state), 1);
  EXPECT_EQ(strict.rounds_ahead(state), 1);
  state.history.pop_back();
  EXPECT_EQ(inertia.rounds_ahead(state), 2);
  EXPECT_EQ(strict.rounds_ahead(state), 2);
}

}  // namespace
}  // namespace clientele::test
