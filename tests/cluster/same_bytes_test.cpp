// exactness.md 7: the same bytes for threads, blocks, ranks and instruction sets.
#include <gtest/gtest.h>

#include <mutex>

#include "clientele/cluster/cluster.h"
#include "tests/cluster/same_fit.h"
#include "tests/support/row_makers.h"
#include "tests/support/rows.h"

namespace clientele::test {
namespace {

/// All that a fit and its publication yield, ranks' rows put together.
struct Everything {
  Clustering fit;
  std::vector<int32_t> label, second;
  std::vector<float> distance, margin;
  double mean_margin = 0;
  std::vector<double> distance_sums;
};

Everything run(const Matrix& matrix, const ClusterSpec& spec, int k, int ranks, const Workplace::Options& options) {
  Everything all;
  std::vector<Published> parts(static_cast<size_t>(ranks));
  on_ranks(ranks, options, [&](Env& env) {
    RowBlocks rows = blocks_of(matrix, Space::centred, env);
    Clustering result = fit(rows, k, spec, {}, env);
    parts[static_cast<size_t>(env.comm.rank())] = publish(rows, result, env);
    if (env.comm.rank() == 0) all.fit = std::move(result);
  });
  for (const Published& part : parts) {
    all.label.insert(all.label.end(), part.label.begin(), part.label.end());
    all.second.insert(all.second.end(), part.second.begin(), part.second.end());
    all.distance.insert(all.distance.end(), part.distance.begin(), part.distance.end());
    all.margin.insert(all.margin.end(), part.margin.begin(), part.margin.end());
  }
  all.mean_margin = parts.back().mean_margin;
  all.distance_sums = parts.back().distance_sums;
  return all;
}

void expect_same(const Everything& a, const Everything& b) {
  expect_same_fit(a.fit, b.fit);
  EXPECT_EQ(a.label, b.label);
  EXPECT_EQ(a.second, b.second);
  EXPECT_EQ(a.distance, b.distance);
  EXPECT_EQ(a.margin, b.margin);
  EXPECT_EQ(a.mean_margin, b.mean_margin);
  EXPECT_EQ(a.distance_sums, b.distance_sums);
}

TEST(SameBytes, AcrossThreadsBlocksRanksAndInstructionSets) {
  const Matrix matrix = mixture(140000, 5, 6, 3, 61);
  ClusterSpec spec;
  spec.restarts = 2;
  spec.max_iterations = 5;
  spec.start_rows = 200'000;  // more than there are
  const Everything base = run(matrix, spec, 7, 1, {.threads = 1});
  EXPECT_EQ(base.fit.start_rows, matrix.n);
  expect_same(base, run(matrix, spec, 7, 1, {.threads = 2}));
  expect_same(base, run(matrix, spec, 7, 1, {.threads = 3, .block_rows = 1000}));
  expect_same(base, run(matrix, spec, 7, 1, {.threads = 7, .block_rows = 131072}));
  expect_same(base, run(matrix, spec, 7, 2, {.threads = 1}));
  expect_same(base, run(matrix, spec, 7, 4, {.threads = 2, .block_rows = 65536}));
  for (const SimdLevel level : simd_levels()) expect_same(base, run(matrix, spec, 7, 1, {.threads = 2, .simd = level}));
  // The least memory for features that there can be, and a little more: some rows stay, others are read for each pass.
  expect_same(base, run(matrix, spec, 7, 1, {.threads = 2, .features_bytes = 1}));
  expect_same(base, run(matrix, spec, 7, 2, {.threads = 3, .features_bytes = 3 * 65536 * 5 * 4}));
}

TEST(SameBytes, AcrossThreadsBlocksRanksAndInstructionSetsFromASmallSample) {
  Matrix matrix = mixture(140000, 4, 6, 3, 62);
  for (int64_t i = 0; i < matrix.n; ++i) matrix.weights.push_back(static_cast<double>(i % 5) / 2);
  for (size_t j = 0; j < 4; ++j) matrix.x[4 * 77'777 + j] = 5000;
  ClusterSpec spec;
  spec.restarts = 5;
  spec.start_rows = 5000;
  const Everything base = run(matrix, spec, 7, 1, {.threads = 1, .simd = SimdLevel::scalar});
  EXPECT_EQ(base.fit.start_rows, 5000);
  EXPECT_GT(base.fit.far_starts, 0);
  expect_same(base, run(matrix, spec, 7, 1, {.threads = 3, .block_rows = 1000}));
  expect_same(base, run(matrix, spec, 7, 2, {.threads = 2}));
  expect_same(base, run(matrix, spec, 7, 4, {.threads = 1, .block_rows = 65536}));
}

TEST(SameBytes, OnHardRows) {
  for (const oracle::Kind kind :
       {oracle::Kind::lattice, oracle::Kind::bisector, oracle::Kind::tiny, oracle::Kind::offset}) {
    const oracle::Rows made = oracle::make_rows({.kind = kind, .n = 70000, .d = 3, .k = 4});
    Matrix matrix{.n = made.n, .d = made.d, .x = made.x, .weights = {}};
    for (int64_t i = 0; i < matrix.n; ++i) matrix.weights.push_back(static_cast<double>(i % 5) / 2);
    ClusterSpec spec;
    spec.init = kind == oracle::Kind::lattice ? "random" : "kmeans++";
    spec.restarts = 1;
    spec.max_iterations = 4;
    SCOPED_TRACE(static_cast<int>(kind));
    const Everything base = run(matrix, spec, 4, 1, {.threads = 1, .simd = SimdLevel::scalar});
    expect_same(base, run(matrix, spec, 4, 2, {.threads = 3}));
    expect_same(base, run(matrix, spec, 4, 1, {.threads = 2, .block_rows = 65536}));
    expect_same(base, run(matrix, spec, 4, 1, {.threads = 2, .features_bytes = 1}));
  }
}

/// Five blocks of rows on two ranks: the first streams its three, the second holds its two. Far rows are looked for.
TEST(SameBytes, FitsOfSeveralKWhereOnlyOneRankStreams) {
  Matrix matrix = mixture(5 * 65536, 2, 6, 3, 63);
  for (int64_t i = 0; i < 40; ++i) matrix.x[static_cast<size_t>(i * 16001)] = 4000.0f + static_cast<float>(i);
  const std::vector<int> ks = {2, 3, 5};
  ClusterSpec spec;
  spec.restarts = 2;
  spec.max_iterations = 4;
  spec.start_rows = 5000;
  const auto run = [&](int ranks, const Workplace::Options& options) {
    std::vector<Clustering> found;
    std::vector<bool> streams(static_cast<size_t>(ranks));
    std::mutex writing;
    on_ranks(ranks, options, [&](Env& env) {
      RowBlocks rows = blocks_of(matrix, Space::centred, env);
      const Starts starts = find_starts(rows, ks, spec, {}, env);
      std::vector<Clustering> fits = fit_together(rows, starts, 0, ks.size(), spec, env);
      const std::lock_guard lock(writing);
      streams[static_cast<size_t>(env.comm.rank())] = rows.pages != nullptr;
      if (env.comm.rank() == 0) found = std::move(fits);
    });
    if (ranks > 1) {
      EXPECT_EQ(streams, (std::vector<bool>{true, false}));
    }
    return found;
  };
  const std::vector<Clustering> expected = run(1, {.threads = 2});
  const std::vector<Clustering> found = run(2, {.threads = 1, .features_bytes = 65536 * 2 * 4 * 21 / 10});
  for (size_t i = 0; i < ks.size(); ++i) expect_same_fit(found[i], expected[i]);
}

/// Five blocks of rows in two groups far apart, and one without structure whose two centroids take long to settle: once
/// bounds are known, the five are not read.
TEST(SameBytes, StreamedRowsThatKeepTheirSegmentAreNotRead) {
  Matrix matrix = mixture(6 * 65536, 4, 1, 1, 62);
  for (int64_t i = 0; i < 5 * 65536; ++i) matrix.x[static_cast<size_t>(i * 4)] += i % 2 == 0 ? 900.0f : 1800.0f;
  std::vector<float> start = {900, 0, 0, 0, 1800, 0, 0, 0, 0.1f, 0, 0, 0, 0, 0.1f, 0, 0};
  const LloydSpec spec{.max_iterations = 25};
  Workplace whole({.threads = 2}), part({.threads = 2, .features_bytes = 1});
  RowBlocks resident = blocks_of(matrix, Space::as_is, whole.env), streamed = blocks_of(matrix, Space::as_is, part.env);
  const Clustering expected = lloyd(resident, start, spec, whole.env);
  const PageTraffic before = streamed.traffic();
  const Clustering found = lloyd(streamed, start, spec, part.env);
  const PageTraffic after = streamed.traffic();
  EXPECT_EQ(found.centroids, expected.centroids);
  EXPECT_EQ(found.counts, expected.counts);
  EXPECT_EQ(found.inertia, expected.inertia);
  EXPECT_EQ(found.iterations, expected.iterations);
  EXPECT_GT(found.iterations, 10);
  EXPECT_EQ(resident.traffic().blocks_read, 0);
  EXPECT_GE(after.blocks_skipped - before.blocks_skipped, 5);
  const int64_t blocks = 6 * (found.iterations + 1);  // and once for the squares
  EXPECT_EQ(after.blocks_read - before.blocks_read + after.blocks_skipped - before.blocks_skipped, blocks);
}

}  // namespace
}  // namespace clientele::test
