// Several k fitted, published and judged side by side give the bytes of one at a time: resident or streamed, on any
// threads and ranks, in groups of any size.
#include <gtest/gtest.h>

#include <bit>

#include "clientele/judge/judge.h"
#include "tests/support/rows.h"

namespace clientele::test {
namespace {

const std::vector<int> kKs = {1, 2, 3, 5};

struct Outcome {
  Clustering fit;
  Published published;
  Scores scores;
};

JudgeSpec small_sample() {
  JudgeSpec spec;
  spec.sample = 300;
  return spec;
}

ClusterSpec raced() {
  ClusterSpec spec;
  spec.restarts = 3;
  spec.start_rows = 8000;
  spec.max_iterations = 12;
  return spec;
}

/// Small whole numbers: many rows are as far from one centroid as from another.
Matrix ties(int64_t n) {
  Matrix matrix{.n = n, .d = 2, .x = {}, .weights = {}};
  for (int64_t i = 0; i < n; ++i) {
    matrix.x.push_back(static_cast<float>((i * i + i / 7) % 5));
    matrix.x.push_back(static_cast<float>(i % 3));
  }
  return matrix;
}

Matrix weighted(int64_t n) {
  Matrix matrix = mixture(n, 4, 5, 4, 91);
  for (int64_t i = 0; i < n; ++i) matrix.weights.push_back(static_cast<double>(i % 4) / 2);
  return matrix;
}

std::vector<Outcome> one_by_one(const Matrix& matrix) {
  std::vector<Outcome> out;
  for (const int k : kKs) {
    Workplace place;
    RowBlocks rows = blocks_of(matrix, Space::centred, place.env);
    Outcome each;
    each.fit = fit(rows, k, raced(), {}, place.env);
    each.published = publish(rows, each.fit, place.env);
    each.scores = judge(rows, each.fit, each.published, small_sample(), 7, place.env);
    out.push_back(std::move(each));
  }
  return out;
}

/// Of rank 0.
std::vector<Outcome> together(const Matrix& matrix, size_t most, int ranks, const Workplace::Options& options) {
  std::vector<Outcome> out;
  on_ranks(ranks, options, [&](Env& env) {
    RowBlocks rows = blocks_of(matrix, Space::centred, env);
    const Starts starts = find_starts(rows, kKs, raced(), {}, env);
    for (size_t first = 0; first < kKs.size(); first += most) {
      const size_t count = std::min(most, kKs.size() - first);
      const std::vector<Clustering> fits = fit_together(rows, starts, first, count, raced(), env);
      const std::vector<Published> published = publish_together(rows, fits, env);
      const std::vector<Scores> scores = judge_together(rows, fits, published, small_sample(), 7, env);
      drop_label_sets(rows, env);
      for (size_t i = 0; env.comm.rank() == 0 && i < count; ++i) out.push_back({fits[i], published[i], scores[i]});
    }
    EXPECT_EQ(options.features_bytes > 0, rows.traffic().bytes_read > 0);
  });
  return out;
}

void expect_same(const std::vector<Outcome>& a, const std::vector<Outcome>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    SCOPED_TRACE(kKs[i]);
    EXPECT_EQ(a[i].fit.centroids, b[i].fit.centroids);
    EXPECT_EQ(a[i].fit.counts, b[i].fit.counts);
    EXPECT_EQ(a[i].fit.iterations, b[i].fit.iterations);
    EXPECT_EQ(a[i].published.inertia, b[i].published.inertia);
    EXPECT_EQ(a[i].published.mean_margin, b[i].published.mean_margin);
    EXPECT_EQ(a[i].published.distance_sums, b[i].published.distance_sums);
    EXPECT_EQ(a[i].published.counts, b[i].published.counts);
    EXPECT_EQ(a[i].published.rows, b[i].published.rows);
    ASSERT_EQ(a[i].published.sums.size(), b[i].published.sums.size());
    for (size_t j = 0; j < a[i].published.sums.size(); ++j)
      EXPECT_TRUE(a[i].published.sums[j].value() == b[i].published.sums[j].value());
    ASSERT_EQ(a[i].scores.scores.size(), b[i].scores.scores.size());
    for (size_t j = 0; j < a[i].scores.scores.size(); ++j) {
      const Score &x = a[i].scores.scores[j], &y = b[i].scores.scores[j];
      EXPECT_EQ(std::bit_cast<uint64_t>(x.value), std::bit_cast<uint64_t>(y.value)) << x.metric;
      EXPECT_EQ(std::bit_cast<uint64_t>(x.high), std::bit_cast<uint64_t>(y.high)) << x.metric;
    }
  }
}

TEST(Together, GivesTheBytesOfOneAtATime) {
  constexpr int64_t kRows = 140'000;
  constexpr int64_t kPages = int64_t{17} << 17;  // two blocks of 65,536 rows x 4 features, and less than all
  for (const Matrix& matrix : {mixture(kRows, 4, 5, 4, 90), weighted(kRows), ties(kRows)}) {
    const std::vector<Outcome> expected = one_by_one(matrix);
    const int64_t pages = kPages / 4 * matrix.d;
    for (const size_t most : {kKs.size(), size_t{2}}) {
      SCOPED_TRACE(most);
      expect_same(together(matrix, most, 1, {.threads = 2}), expected);
      expect_same(together(matrix, most, 1, {.threads = 3, .features_bytes = pages}), expected);
    }
    expect_same(together(matrix, 3, 1, {.threads = 1, .block_rows = 65536}), expected);
    expect_same(together(matrix, 3, 2, {.threads = 2}), expected);
  }
}

}  // namespace
}  // namespace clientele::test
