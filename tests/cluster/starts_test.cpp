// Starts found on a sample, and the far rows that no sample holds.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "clientele/cluster/across_ranks.h"
#include "clientele/cluster/cluster.h"
#include "clientele/cluster/row_sample.h"
#include "src/cluster/far_starts.h"
#include "src/cluster/start_race.h"
#include "src/cluster/start_sample.h"
#include "tests/cluster/same_fit.h"
#include "tests/support/oracle.h"
#include "tests/support/rows.h"

namespace clientele::test {
namespace {

Matrix weighted_mixture(int64_t n) {
  Matrix matrix = mixture(n, 3, 5, 6, 71);
  for (int64_t i = 0; i < n; ++i) matrix.weights.push_back(static_cast<double>(i % 4) / 2);
  return matrix;
}

/// The `count` smallest keys, by row.
std::vector<int64_t> slow_sample(const oracle::Rows& rows, int64_t count, uint64_t seed) {
  std::vector<int64_t> out;
  for (const auto& [bits, row] : oracle::smallest_keys(rows, {seed, Purpose::start_sample, 0, 0, 0}, count))
    out.push_back(row);
  std::sort(out.begin(), out.end());
  return out;
}

TEST(StartSample, IsTheSmallestKeysInRowOrder) {
  for (const Matrix& matrix : {mixture(9000, 3, 5, 6, 70), weighted_mixture(9000)}) {
    Workplace place;
    RowBlocks rows = blocks_of(matrix, Space::as_is, place.env);
    const oracle::Rows plain = read_back(rows, matrix, place.env);
    const SampledRows drawn = draw_start_sample(rows, 2000, 5, place.env);
    for (const int64_t count : {int64_t{1}, int64_t{500}, int64_t{2000}}) {
      RowBlocks sample = sample_blocks(drawn, count, rows, place.env);
      const std::vector<int64_t> expected = slow_sample(plain, count, 5);
      ASSERT_EQ(sample.total_rows, count);
      std::vector<float> values;
      std::vector<int64_t> weights, all(expected.size());
      std::iota(all.begin(), all.end(), 0);
      for (const int64_t row : expected) {
        values.insert(values.end(), plain.row(row), plain.row(row) + 3);
        weights.push_back(plain.weight(row));
      }
      EXPECT_EQ(fetch_rows(sample, all, place.env), values);
      const auto pass = place.backend->assign_ops().start({values.data(), 1, 3}, rows.scales);
      pass->add(*sample.blocks[0]);
      EXPECT_EQ(pass->finish().counts[0], std::accumulate(weights.begin(), weights.end(), int64_t{0}));
    }
  }
}

TEST(StartSample, IsAllRowsOfWeightWhereThereAreNoMore) {
  const Matrix matrix = weighted_mixture(400);
  Workplace place;
  RowBlocks rows = blocks_of(matrix, Space::as_is, place.env);
  EXPECT_EQ(draw_start_sample(rows, 350, 5, place.env).row.size(), 300u);
  EXPECT_EQ(sample_blocks(draw_start_sample(rows, 1000, 5, place.env), 1000, rows, place.env).rows, 300);
}

TEST(StartSample, IsNotMuchMoreThanAskedForWhereFewRowsHaveWeight) {
  for (const int64_t every : {3, 7, 50}) {
    Matrix matrix = mixture(150'000, 3, 5, 6, 72);
    for (int64_t i = 0; i < 150'000; ++i) matrix.weights.push_back(i % every == 0 ? 1 : 0);
    Workplace place;
    RowBlocks rows = blocks_of(matrix, Space::as_is, place.env);
    constexpr int64_t kCount = 2000;
    const SampledRows drawn = draw_start_sample(rows, kCount, 5, place.env);
    EXPECT_GE(drawn.row.size(), static_cast<size_t>(kCount));
    EXPECT_LE(drawn.row.size(), static_cast<size_t>(kCount * 3 / 2));  // few found tell little
    const oracle::Rows plain = read_back(rows, matrix, place.env);
    const RowSample sample = draw_row_sample(rows, kCount, 5, place.env);
    EXPECT_EQ(sample.row, slow_sample(plain, kCount, 5));
  }
}

TEST(StartSample, IsTheSameOnAllRanks) {
  const Matrix matrix = weighted_mixture(140000);
  std::vector<SampledRows> found(5);
  for (const int ranks : {1, 2, 4})
    on_ranks(ranks, {.threads = 1, .block_rows = 65536}, [&](Env& env) {
      RowBlocks rows = blocks_of(matrix, Space::as_is, env);
      SampledRows sample = draw_start_sample(rows, 3000, 7, env);
      if (env.comm.rank() == ranks - 1) found[static_cast<size_t>(ranks)] = std::move(sample);
    });
  for (const size_t ranks : {2u, 4u}) {
    EXPECT_EQ(found[ranks].row, found[1].row);
    EXPECT_EQ(found[ranks].weight, found[1].weight);
    EXPECT_EQ(found[ranks].values, found[1].values);
  }
}

ClusterSpec small_sample() {
  ClusterSpec spec;
  spec.start_rows = 4000;
  spec.restarts = 5;
  spec.seed = 3;
  spec.stop = StopRule::strict;
  return spec;
}

TEST(StartRace, FindsAStartAsGoodAsFullSeeding) {
  const Matrix matrix = mixture(30000, 3, 8, 9, 72);
  Workplace place;
  RowBlocks rows = blocks_of(matrix, Space::centred, place.env);
  ClusterSpec full = small_sample();
  full.init = "kmeans++_full";
  const Clustering slow = fit(rows, 8, full, {}, place.env);
  EXPECT_EQ(slow.start_rows, 0);
  for (const std::string init : {"kmeans++", "random"}) {
    ClusterSpec spec = small_sample();
    spec.init = init;
    const Clustering fast = fit(rows, 8, spec, {}, place.env);
    EXPECT_EQ(fast.start_rows, 4000);
    EXPECT_LE(fast.inertia, slow.inertia * 1.001) << init;
    EXPECT_LT(fast.iterations, slow.iterations);
  }
}

TEST(StartRace, FewRowsAreASampleThemselves) {
  const Matrix matrix = mixture(500, 3, 5, 6, 73);
  Workplace place;
  RowBlocks rows = blocks_of(matrix, Space::centred, place.env);
  ClusterSpec full = small_sample();
  full.init = "kmeans++_full";
  const Clustering one = fit(rows, 4, small_sample(), {}, place.env), two = fit(rows, 4, full, {}, place.env);
  EXPECT_EQ(one.centroids, two.centroids);
  EXPECT_EQ(one.restart, two.restart);
}

TEST(StartRace, ASampleOfTooFewDistinctRowsIsNone) {
  Matrix matrix{.n = 20000, .d = 1, .x = std::vector<float>(20000, 1), .weights = {}};
  matrix.x[77] = 5;
  matrix.x[19000] = 9;
  Workplace place;
  RowBlocks rows = blocks_of(matrix, Space::as_is, place.env);
  const Clustering found = fit(rows, 3, small_sample(), {}, place.env);
  EXPECT_EQ(found.start_rows, 0);
  EXPECT_EQ(found.inertia, 0);
}

/// 40,000 rows in four groups and, in no sample, `far` more rows around (place, place).
Matrix with_far_segment(int64_t far, float place, const ClusterSpec& spec) {
  Matrix matrix = mixture(40000, 2, 4, 8, 74);
  int64_t row = 0;
  for (int64_t made = 0; made < far; ++row) {
    const RandomKey key{static_cast<uint64_t>(spec.seed), Purpose::start_sample, 0, 0, 0};
    if (random_bits(key, row) < (uint64_t{1} << 51)) continue;  // far more rows than the sample have smaller keys
    for (size_t j = 0; j < 2; ++j)
      matrix.x[static_cast<size_t>(row) * 2 + j] = place + matrix.x[static_cast<size_t>(row) * 2 + j] / 16;
    ++made;
  }
  return matrix;
}

TEST(FarStarts, ATinyFarSegmentThatNoSampleHoldsIsFound) {
  for (const int k : {4, 5, 9}) {
    const ClusterSpec spec = small_sample();
    const Matrix matrix = with_far_segment(30, 300, spec);
    Workplace place;
    RowBlocks rows = blocks_of(matrix, Space::centred, place.env);
    const Clustering found = fit(rows, k, spec, {}, place.env);
    EXPECT_EQ(std::count(found.rows.begin(), found.rows.end(), 30), 1) << k;
    EXPECT_GT(found.far_starts, 0);
    const FitStart start = StartRace(rows, k, spec, place.env).best(k);
    ASSERT_EQ(start.rows, 4000);
    const Clustering without = lloyd(rows, start.centroids, {.stop = spec.stop}, place.env);
    EXPECT_LE(found.inertia, without.inertia);
    if (k > 5) continue;  // with centroids to spare Lloyd itself may reach it
    EXPECT_EQ(std::count(without.rows.begin(), without.rows.end(), 30), 0) << "the sample knew it anyway";
    EXPECT_LT(found.inertia, without.inertia);
  }
}

TEST(FarStarts, ARowThatDoesNotPayIsLeftAlone) {
  // A few rows a little way off: no group is worth giving up for them.
  const ClusterSpec spec = small_sample();
  const Matrix matrix = with_far_segment(3, 20, spec);
  Workplace place;
  RowBlocks rows = blocks_of(matrix, Space::centred, place.env);
  EXPECT_EQ(fit(rows, 4, spec, {}, place.env).far_starts, 0);
}

TEST(FarStarts, EachSwapLowersThePotential) {
  for (const uint64_t seed : {1u, 2u, 3u}) {
    const Matrix matrix = with_far_segment(40, 60, small_sample());
    Workplace place;
    RowBlocks rows = blocks_of(matrix, Space::centred, place.env);
    const std::vector<float> start = seed_random(rows, 6, seed, 0, place.env);
    FirstPass first{.centroids = start};
    run_first_passes({&first, 1}, rows, seed, place.env);
    const std::vector<Int128> squares = square_sums(rows, place.env);
    const Clustering before = lloyd(rows, start, {.max_iterations = 1}, place.env);
    const double after = exact_inertia(rows, squares, first.centroids, 6, first.pass.sums, first.pass.counts);
    if (first.swaps == 0)
      EXPECT_EQ(after, before.history[0].inertia);
    else
      EXPECT_LT(after, before.history[0].inertia);
    EXPECT_EQ(first.swaps == 0, first.centroids == start);
  }
}

TEST(FarStarts, AreTheSameForAnyNumberOfRanks) {
  Matrix matrix = with_far_segment(30, 300, small_sample());
  const int64_t more = 140000;
  while (matrix.n < more) {
    matrix.x.push_back(matrix.x[static_cast<size_t>(matrix.n % 977) * 2]);
    matrix.x.push_back(matrix.x[static_cast<size_t>(matrix.n % 1009) * 2 + 1]);
    ++matrix.n;
  }
  std::vector<FirstPass> found(5);
  for (const int ranks : {1, 2, 4})
    on_ranks(ranks, {.threads = ranks, .block_rows = 65536}, [&](Env& env) {
      RowBlocks rows = blocks_of(matrix, Space::as_is, env);
      FirstPass first{.centroids = seed_random(rows, 6, 9, 0, env)};
      run_first_passes({&first, 1}, rows, 9, env);
      if (env.comm.rank() == ranks - 1) found[static_cast<size_t>(ranks)] = std::move(first);
    });
  EXPECT_GT(found[1].swaps, 0);
  for (const size_t ranks : {2u, 4u}) {
    EXPECT_EQ(found[ranks].centroids, found[1].centroids);
    EXPECT_EQ(found[ranks].swaps, found[1].swaps);
  }
}

void expect_same(const Clustering& a, const Clustering& b) {
  expect_same_fit(a, b);
  EXPECT_EQ(a.far_starts, b.far_starts);
}

TEST(FitTogether, GivesEachFitItsOwnBytes) {
  const Matrix matrix = with_far_segment(30, 300, small_sample());
  const std::vector<int> ks = {1, 2, 3, 5, 6, 9};
  for (const StopRule stop : {StopRule::strict, StopRule::inertia}) {
    ClusterSpec spec = small_sample();
    spec.stop = stop;
    spec.tolerance = 1e-3;
    Workplace place({.threads = 2, .simd = SimdLevel::automatic, .block_rows = 0});
    RowBlocks rows = blocks_of(matrix, Space::centred, place.env);
    const Starts starts = find_starts(rows, ks, spec, {}, place.env);
    const std::vector<Clustering> together = fit_together(rows, starts, 0, ks.size(), spec, place.env);
    const std::vector<Clustering> some = fit_together(rows, starts, 2, 2, spec, place.env);
    expect_same(some[0], together[2]);
    expect_same(some[1], together[3]);
    for (size_t i = 0; i < ks.size(); ++i) {
      SCOPED_TRACE(ks[i]);
      RowBlocks fresh = blocks_of(matrix, Space::centred, place.env);
      expect_same(together[i], fit(fresh, ks[i], spec, {}, place.env));
    }
  }
}

TEST(FitTogether, FullRunsStandBesideRacedOnes) {
  // With k = 300 the smallest sample is all there is.
  const Matrix matrix = mixture(15000, 2, 5, 6, 75);
  const std::vector<int> ks = {4, 300, 5};
  ClusterSpec spec = small_sample();
  spec.restarts = 2;
  spec.max_iterations = 3;
  Workplace place;
  RowBlocks rows = blocks_of(matrix, Space::centred, place.env);
  const Starts starts = find_starts(rows, ks, spec, {}, place.env);
  const std::vector<Clustering> together = fit_together(rows, starts, 0, 3, spec, place.env);
  EXPECT_EQ(together[0].start_rows, 4000);
  EXPECT_EQ(together[1].start_rows, 0);
  for (size_t i = 0; i < ks.size(); ++i) {
    SCOPED_TRACE(ks[i]);
    RowBlocks fresh = blocks_of(matrix, Space::centred, place.env);
    expect_same(together[i], fit(fresh, ks[i], spec, {}, place.env));
  }
}

}  // namespace
}  // namespace clientele::test
