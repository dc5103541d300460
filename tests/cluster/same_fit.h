// Two fits that must be the same, round by round.
#pragma once

#include <gtest/gtest.h>

#include "clientele/cluster/cluster.h"

namespace clientele::test {

/// All but what a round's passes may do in several ways (Iteration::rechecked).
inline void expect_same_fit(const Clustering& found, const Clustering& expected) {
  EXPECT_EQ(found.centroids, expected.centroids);
  EXPECT_EQ(found.counts, expected.counts);
  EXPECT_EQ(found.rows, expected.rows);
  EXPECT_EQ(found.inertia, expected.inertia);
  EXPECT_EQ(found.iterations, expected.iterations);
  EXPECT_EQ(found.restart, expected.restart);
  EXPECT_EQ(found.stopped_by, expected.stopped_by);
  EXPECT_EQ(found.settled, expected.settled);
  EXPECT_EQ(found.empty_repairs, expected.empty_repairs);
  ASSERT_EQ(found.history.size(), expected.history.size());
  for (size_t i = 0; i < found.history.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(found.history[i].inertia, expected.history[i].inertia);
    EXPECT_EQ(found.history[i].shift2, expected.history[i].shift2);
    EXPECT_EQ(found.history[i].moved, expected.history[i].moved);
    EXPECT_EQ(found.history[i].repaired, expected.history[i].repaired);
  }
}

}  // namespace clientele::test
