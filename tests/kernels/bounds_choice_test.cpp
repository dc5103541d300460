// When passes over rows in device memory keep bounds.
#include "kernels/bounds_choice.h"

#include <gtest/gtest.h>

namespace clientele::gpu {
namespace {

constexpr int64_t kRows = 1000;

TEST(BoundsChoice, FallsBackWhileManyRowsAreActiveAndComesBackLater) {
  Drift drift(3);
  BoundsChoice choice;
  PassResult pass;
  EXPECT_FALSE(choice.bounded(nullptr, 3));
  EXPECT_FALSE(choice.bounded(&drift, 3));  // the first pass of a fit
  pass.moved = 50;
  choice.record(false, false, kRows, pass);
  drift.steps = 1;
  EXPECT_TRUE(choice.bounded(&drift, 3));
  EXPECT_FALSE(choice.bounded(&drift, 1));
  pass.scanned = kRows;
  choice.record(true, true, kRows, pass);  // the first bounded pass finds all bounds
  EXPECT_TRUE(choice.bounded(&drift, 3));
  pass.scanned = 401;
  choice.record(true, false, kRows, pass);
  for (int i = 0; i < kFirstWait; ++i) {
    EXPECT_FALSE(choice.bounded(&drift, 3));
    choice.record(false, false, kRows, pass);
  }
  EXPECT_TRUE(choice.bounded(&drift, 3));
  pass.moved = 500;
  choice.record(false, false, kRows, pass);
  EXPECT_FALSE(choice.bounded(&drift, 3));
}

/// Of a fit of which few rows move.
struct Settling {
  Settling() : drift(3) {
    EXPECT_FALSE(choice.bounded(&drift, 3));
    drift.steps = 1;
    full();
  }

  bool bounded() { return choice.bounded(&drift, 3); }
  void full() { choice.record(false, false, kRows, {}); }
  void record_bounded(bool renewed, int64_t scanned) {
    PassResult pass;
    pass.scanned = scanned;
    choice.record(true, renewed, kRows, pass);
  }
  /// Full passes until bounds are tried again.
  int wait() {
    int passes = 0;
    for (; !bounded(); ++passes) full();
    return passes;
  }

  Drift drift;
  BoundsChoice choice;
};

TEST(BoundsChoice, OneCallOfSeveralRoundsCountsOnce) {
  Settling fit;
  fit.record_bounded(true, kRows);
  for (int round = 0; round < 7; ++round) fit.record_bounded(false, kRows / 2);
  EXPECT_EQ(fit.wait(), kFirstWait);
  fit.record_bounded(true, kRows);
  for (int round = 0; round < 7; ++round) fit.record_bounded(false, kRows / 2);
  EXPECT_EQ(fit.wait(), 2 * kFirstWait);
}

TEST(BoundsChoice, GoesBackWhereEveryPassFindsItsBoundsGone) {
  Settling fit;
  int bounded = 0;
  for (int pass = 0; pass < 200; ++pass) {
    if (fit.bounded()) {
      fit.record_bounded(true, kRows);
      ++bounded;
    } else {
      fit.full();
    }
  }
  EXPECT_EQ(bounded, 12);  // two each at passes 0, 6, 16, 34, 68 and 134
}

TEST(BoundsChoice, StaysWhereBoundsAreFoundOnceAndHold) {
  Settling fit;
  fit.record_bounded(true, kRows);
  for (int pass = 0; pass < 50; ++pass) {
    ASSERT_TRUE(fit.bounded());
    fit.record_bounded(false, kRows / 10);
  }
}

}  // namespace
}  // namespace clientele::gpu
