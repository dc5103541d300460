#include <gtest/gtest.h>

#include "clientele/cluster/cluster.h"
#include "tests/support/rows.h"

namespace clientele::test {
namespace {

Matrix line(std::vector<float> x) {
  const int64_t n = static_cast<int64_t>(x.size());
  return {.n = n, .d = 1, .x = std::move(x), .weights = {}};
}

TEST(Repair, TheFarthestRowBecomesTheCentroid) {
  // Segment 1 starts where no row is nearest. After round 1: mean 20 of {0,1,2,3,94}; the farthest row is 94.
  const Matrix matrix = line({0, 1, 2, 3, 94});
  Workplace place;
  RowBlocks rows = blocks_of(matrix, Space::as_is, place.env);
  const Clustering fit = lloyd(rows, {50, 1000}, {}, place.env);
  EXPECT_EQ(fit.history[0].repaired, 1);
  EXPECT_EQ(fit.empty_repairs, 1);
  EXPECT_EQ(fit.empty_left, 0);
  EXPECT_EQ(fit.centroids, (std::vector<float>{1.5f, 94}));
  EXPECT_EQ(fit.counts, (std::vector<int64_t>{4, 1}));
  EXPECT_TRUE(fit.converged);
}

TEST(Repair, EqualRowsCountOnceAndTiesGoToTheLowestRow) {
  // Mean 0; the farthest rows are -6 (rows 0, 1) and 6 (rows 2, 3): tie, so row 0 comes first, then row 2.
  const Matrix matrix = line({-6, -6, 6, 6, 0, 0});
  Workplace place;
  RowBlocks rows = blocks_of(matrix, Space::as_is, place.env);
  const Clustering fit = lloyd(rows, {0, 500, 600}, {.max_iterations = 1}, place.env);
  EXPECT_EQ(fit.centroids, (std::vector<float>{0, -6, 6}));
  EXPECT_EQ(fit.history[0].repaired, 2);
}

TEST(Repair, WithoutACandidateTheCentroidStays) {
  const Matrix matrix = line({2, 2, 2, 2});
  Workplace place;
  RowBlocks rows = blocks_of(matrix, Space::as_is, place.env);
  const Clustering fit = lloyd(rows, {2, 77}, {}, place.env);
  EXPECT_EQ(fit.centroids, (std::vector<float>{2, 77}));
  EXPECT_EQ(fit.empty_left, 1);
  EXPECT_EQ(fit.empty_repairs, 0);
  EXPECT_TRUE(fit.converged);
}

TEST(Repair, RowsOfNoWeightAreNoCandidates) {
  Matrix matrix = line({0, 1, 2, 3, 94});
  matrix.weights = {1, 1, 1, 1, 0};
  Workplace place;
  RowBlocks rows = blocks_of(matrix, Space::as_is, place.env);
  const Clustering fit = lloyd(rows, {50, 1000}, {.max_iterations = 1}, place.env);
  EXPECT_EQ(fit.centroids, (std::vector<float>{1.5f, 0}));  // 0 and 3 tie at 1.5
}

TEST(Repair, ARoundThatRepairedHasNotConverged) {
  // Both centroids equal: segment 1 stays empty until repair moves it, whatever the sums say.
  const Matrix matrix = line({-1, 1, -1, 1});
  Workplace place;
  RowBlocks rows = blocks_of(matrix, Space::as_is, place.env);
  const Clustering fit = lloyd(rows, {0, 0}, {.stop = StopRule::shift, .tolerance = 1e6}, place.env);
  EXPECT_EQ(fit.history[0].repaired, 1);
  EXPECT_GT(fit.iterations, 1);
  EXPECT_EQ(fit.counts, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(fit.inertia, 0);
}

TEST(Repair, IsTheSameForAnyNumberOfRanks) {
  Matrix matrix = mixture(140000, 2, 3, 5, 31);
  for (int64_t i = 0; i < 40; ++i) {  // far rows, pairs of them equal, spread over all ranks
    matrix.x[static_cast<size_t>(i * 3400 * 2)] = static_cast<float>(900 + i / 2);
    matrix.x[static_cast<size_t>(i * 3400 * 2 + 1)] = 0;
  }
  const std::vector<float> start = {0, 0, 1, 1, 1e6f, 0, 1e6f, 1, 1e6f, 2};
  std::vector<Clustering> fits(5);
  for (const int ranks : {1, 2, 4})
    on_ranks(ranks, {.threads = 1}, [&](Env& env) {
      RowBlocks rows = blocks_of(matrix, Space::as_is, env);
      Clustering fit = lloyd(rows, start, {.max_iterations = 6}, env);
      if (env.comm.rank() == ranks - 1) fits[static_cast<size_t>(ranks)] = std::move(fit);
    });
  EXPECT_GT(fits[1].empty_repairs, 2);
  for (const size_t ranks : {2u, 4u}) {
    EXPECT_EQ(fits[ranks].centroids, fits[1].centroids);
    EXPECT_EQ(fits[ranks].counts, fits[1].counts);
    EXPECT_EQ(fits[ranks].empty_repairs, fits[1].empty_repairs);
    EXPECT_EQ(fits[ranks].inertia, fits[1].inertia);
  }
}

}  // namespace
}  // namespace clientele::test
