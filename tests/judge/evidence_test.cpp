#include "clientele/judge/evidence.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "clientele/judge/judge.h"
#include "src/judge/stability.h"
#include "tests/support/iris.h"
#include "tests/support/row_makers.h"
#include "tests/support/rows.h"

namespace clientele::test {
namespace {

double normal(uint64_t stream, uint64_t index) {
  return std::sqrt(-2 * std::log(1 - oracle::uniform(stream, index))) *
         std::cos(6.283185307179586 * oracle::uniform(stream + 1, index));
}

/// value(row, column) for n x d.
Matrix made(int64_t n, int d, const std::function<double(uint64_t, uint64_t)>& value) {
  Matrix out{.n = n, .d = d, .x = {}, .weights = {}};
  for (int64_t i = 0; i < n; ++i)
    for (int j = 0; j < d; ++j)
      out.x.push_back(static_cast<float>(value(static_cast<uint64_t>(i), static_cast<uint64_t>(j))));
  return out;
}

Matrix normal_noise(int64_t n, int d, uint64_t stream) {
  return made(n, d, [=](uint64_t i, uint64_t j) { return normal(stream, i * 64 + j); });
}

Matrix uniform_noise(int64_t n, int d, uint64_t stream) {
  return made(n, d, [=](uint64_t i, uint64_t j) { return oracle::uniform(stream, i * 64 + j); });
}

/// Unit normal groups on a triangle of this side; shares of the rows: the thresholds' differences.
Matrix three_blobs(int64_t n, double side, uint64_t stream, double first = 0.4, double second = 0.75) {
  return made(n, 2, [=](uint64_t i, uint64_t j) {
    const double u = oracle::uniform(stream + 9, i);
    const int group = u < first ? 0 : u < second ? 1 : 2;
    const double x[] = {0, side, side / 2}, y[] = {0, 0, side * 0.87};
    return normal(stream, i * 64 + j) + (j == 0 ? x[group] : y[group]);
  });
}

JudgeSpec quick() {
  JudgeSpec spec;
  spec.sample = 300;
  spec.resamples = 8;
  return spec;
}

struct Judgement {
  Evidence evidence;
  KChoice choice;
};

Judgement judged(const Matrix& matrix, int from, int to, Env& env, const ClusterSpec& cluster = {},
                 const JudgeSpec& spec = quick()) {
  const bool spherical = cluster.algorithm == ClusterSpec::Algorithm::spherical;
  RowBlocks rows = blocks_of(matrix, spherical ? Space::unit : Space::centred, env);
  std::vector<Clustering> fits;
  std::vector<Scores> scores;
  for (int k = from; k <= to; ++k) {
    fits.push_back(fit(rows, k, cluster, {}, env));
    scores.push_back(judge(rows, fits.back(), publish(rows, fits.back(), env), spec, 0, env));
  }
  std::vector<const Clustering*> all;
  for (const Clustering& each : fits) all.push_back(&each);
  Judgement out{.evidence = gather_evidence(rows, all, cluster, spec, env), .choice = {}};
  out.choice = choose_k(scores, out.evidence,
                        {.min_weight = cluster.min_weight(rows.total_weight(), rows.weight_bits),
                         .stable = spec.stable,
                         .unstable = spec.unstable,
                         .unstable_segments = spec.unstable_segments});
  return out;
}

Judgement judged(const Matrix& matrix, int from, int to) {
  Workplace place;
  return judged(matrix, from, to, place.env);
}

TEST(Evidence, ThreeClearBlobs) {
  const Judgement found = judged(three_blobs(1500, 8, 100), 2, 6);
  EXPECT_EQ(found.choice.k, 3);
  EXPECT_TRUE(found.choice.worth_having);
  EXPECT_TRUE(found.choice.doubts.empty());
  EXPECT_TRUE(found.evidence.structure.found);
  for (const double jaccard : found.evidence.stability[1].jaccard) EXPECT_GT(jaccard, 0.95);
  // Blobs cut in halves do not come back.
  EXPECT_FALSE(found.choice.gates[4].passed);
  EXPECT_NE(found.choice.reason.find("Left out of the vote: k = "), std::string::npos) << found.choice.reason;
}

TEST(Evidence, NoSegmentsInNoise) {
  uint64_t stream = 200;
  for (const int d : {1, 2, 12})
    for (const bool even : {false, true}) {
      SCOPED_TRACE(std::to_string(d) + (even ? " uniform" : " normal"));
      const Matrix matrix = even ? uniform_noise(2000, d, ++stream) : normal_noise(2000, d, ++stream);
      const Judgement found = judged(matrix, 2, 3);
      EXPECT_TRUE(found.evidence.structure.tested);
      EXPECT_FALSE(found.evidence.structure.found) << found.evidence.structure.largest;
      EXPECT_FALSE(found.choice.worth_having);
      ASSERT_FALSE(found.choice.doubts.empty());
      EXPECT_NE(found.choice.doubts[0].find("one cloud without gaps"), std::string::npos) << found.choice.doubts[0];
      EXPECT_GE(found.choice.k, 2);
    }
}

TEST(Evidence, OneSegmentIsTheHonestAnswerWhereItMayBeGiven) {
  const Judgement found = judged(normal_noise(1000, 3, 220), 1, 3);
  EXPECT_EQ(found.choice.k, 1);
  EXPECT_FALSE(found.choice.worth_having);
  EXPECT_EQ(judged(three_blobs(900, 8, 221), 1, 4).choice.k, 3);
  EXPECT_TRUE(judged(normal_noise(500, 2, 222), 1, 1).choice.worth_having);  // nothing was claimed
}

TEST(Evidence, LongSkewAndHeavyRowsAreOneCloudToo) {
  const auto structure = [](const Matrix& matrix) { return judged(matrix, 2, 2).evidence.structure; };
  EXPECT_FALSE(structure(made(2000, 4,
                              [](uint64_t i, uint64_t j) {  // nearly one line
                                return normal(300, i * 64) * 5 + normal(302, i * 64 + j);
                              }))
                   .found);
  EXPECT_FALSE(structure(made(2000, 3, [](uint64_t i, uint64_t j) {
                 return -std::log(1 - oracle::uniform(310, i * 64 + j));
               })).found);
  EXPECT_FALSE(
      structure(made(2000, 2, [](uint64_t i, uint64_t j) { return std::exp(normal(320, i * 64 + j)); })).found);
  EXPECT_FALSE(structure(normal_noise(150, 30, 330)).found);  // few rows, many columns
}

TEST(Evidence, SmallAndSingleColumnGroupsAreFound) {
  const auto structure = [](const Matrix& matrix) { return judged(matrix, 2, 2).evidence.structure; };
  EXPECT_TRUE(structure(three_blobs(4000, 9, 400, 0.48, 0.97)).found);
  EXPECT_TRUE(structure(made(2000, 8,
                             [](uint64_t i, uint64_t j) {  // 4 % of the rows, far off
                               return normal(410, i * 64 + j) + (i % 25 == 0 ? 4 : 0);
                             }))
                  .found);
  EXPECT_TRUE(
      structure(made(1000, 1, [](uint64_t i, uint64_t) { return normal(420, i) + (i % 2 == 0 ? 5 : 0); })).found);
  EXPECT_TRUE(structure(iris()).found);
}

/// Poisson with this mean.
double count_of(double mean, uint64_t stream, uint64_t index) {
  double u = oracle::uniform(stream, index), p = std::exp(-mean), count = 0;
  for (; u > p && count < 200; ++count) u -= p, p *= mean / (count + 1);
  return count;
}

TEST(Evidence, CountsAreOneCloudUnlessTheirGapsAreWide) {
  const auto structure = [](const Matrix& matrix) { return judged(matrix, 2, 2).evidence.structure; };
  for (const double mean : {0.4, 1.5, 6.0, 40.0})
    for (uint64_t draw = 0; draw < 3; ++draw) {
      SCOPED_TRACE(std::to_string(mean) + " draw " + std::to_string(draw));
      const uint64_t stream = 440 + 10 * draw;
      const Structure alone = structure(made(4000, 1, [=](uint64_t i, uint64_t) { return count_of(mean, stream, i); }));
      EXPECT_TRUE(alone.tested);
      EXPECT_FALSE(alone.found) << alone.largest;
      const Structure logs =
          structure(made(4000, 1, [=](uint64_t i, uint64_t) { return std::log1p(count_of(mean, stream, i)); }));
      EXPECT_FALSE(logs.found) << logs.largest;
      const Structure beside = structure(made(4000, 3, [=](uint64_t i, uint64_t j) {
        return j < 2 ? 2 * count_of(mean, stream + j, i) : normal(stream + 5, i);
      }));
      EXPECT_FALSE(beside.found) << beside.largest;
    }
  const auto two = [](uint64_t i, uint64_t) { return count_of(i % 3 == 0 ? 20 : 1.5, 470, i); };
  EXPECT_TRUE(structure(made(2000, 1, two)).found);
  EXPECT_TRUE(structure(made(2000, 1,
                             [](uint64_t i, uint64_t) {  // 1, 2 or 100
                               return i % 3 == 0 ? 100.0 : i % 3 == 1 ? 1.0 : 2.0;
                             }))
                  .found);
}

TEST(Evidence, ManyRowsOnOnePointAreAGroup) {
  const auto found = [](const Matrix& matrix) { return judged(matrix, 2, 2).evidence.structure.found; };
  EXPECT_TRUE(
      found(made(1000, 3, [](uint64_t i, uint64_t j) { return i % 10 < 7 ? 0 : 10 + normal(430, i * 64 + j); })));
  EXPECT_TRUE(
      found(made(1000, 3, [](uint64_t i, uint64_t j) { return i % 10 < 3 ? 0 : 10 + normal(432, i * 64 + j); })));
  EXPECT_TRUE(found(made(1000, 1, [](uint64_t i, uint64_t) { return i % 4 == 0 ? 1.0 : 0.0; })));  // a flag
}

TEST(Evidence, DirectionsOnASphere) {
  ClusterSpec spherical;
  spherical.algorithm = ClusterSpec::Algorithm::spherical;
  Workplace place;
  for (const int d : {2, 3, 6})
    EXPECT_FALSE(judged(normal_noise(2000, d, 500 + static_cast<uint64_t>(d)), 2, 2, place.env, spherical)
                     .evidence.structure.found)
        << d;
  const Matrix two =
      made(2000, 3, [](uint64_t i, uint64_t j) { return normal(520, i * 64 + j) + (j == i % 2 ? 6 : 0); });
  const Judgement found = judged(two, 2, 2, place.env, spherical);
  EXPECT_TRUE(found.evidence.structure.found);
  EXPECT_GT(found.evidence.stability[0].jaccard[0], 0.95);
}

TEST(Evidence, SegmentsThatTheMinimumSizeForcesAreNotStable) {
  ClusterSpec cluster;
  cluster.min_size = 0.05;
  Workplace place;
  const Matrix matrix = three_blobs(1500, 9, 600, 0.6, 0.985);  // the third: 1.5 %
  EXPECT_EQ(judged(matrix, 2, 4, place.env).choice.k, 3);
  const Judgement found = judged(matrix, 2, 4, place.env, cluster);
  EXPECT_EQ(found.choice.k, 2);
  EXPECT_TRUE(found.choice.worth_having);
  EXPECT_GE(found.choice.gates[1].smallest, 75);
  EXPECT_FALSE(found.choice.gates[1].passed);
}

TEST(Evidence, WeightsCount) {
  // Rows of weight 0 are no rows: the third blob is not there.
  Matrix matrix = three_blobs(1800, 8, 700);
  for (int64_t i = 0; i < matrix.n; ++i)
    matrix.weights.push_back(oracle::uniform(709, static_cast<uint64_t>(i)) < 0.75 ? 2 : 0);
  const Judgement found = judged(matrix, 2, 4);
  EXPECT_EQ(found.choice.k, 2);
  EXPECT_LT(found.evidence.structure.rows, 1500);
  for (const double jaccard : found.evidence.stability[0].jaccard) EXPECT_GT(jaccard, 0.95);
}

TEST(Evidence, SimilarityCountsByWeight) {
  constexpr int k = 4;
  std::vector<int32_t> own, other, own_repeated, other_repeated;
  std::vector<int64_t> weights;
  for (uint64_t i = 0; i < 300; ++i) {
    own.push_back(static_cast<int32_t>(3 * oracle::uniform(710, i)));  // none in the last
    other.push_back(oracle::uniform(711, i) < 0.7 ? (own.back() + 1) % k
                                                  : static_cast<int32_t>(k * oracle::uniform(712, i)));
    weights.push_back(static_cast<int64_t>(6 * oracle::uniform(713, i)));
    own_repeated.insert(own_repeated.end(), static_cast<size_t>(weights.back()), own.back());
    other_repeated.insert(other_repeated.end(), static_cast<size_t>(weights.back()), other.back());
  }
  const std::vector<double> found = segment_similarity(own, other, weights, k);
  const std::vector<int64_t> ones(own_repeated.size(), 1);
  const std::vector<double> expected = segment_similarity(own_repeated, other_repeated, ones, k);
  for (size_t c = 0; c + 1 < k; ++c) {
    EXPECT_EQ(found[c], expected[c]);
    double best = 0;  // as sets
    for (int32_t b = 0; b < k; ++b) {
      double both = 0, either = 0;
      for (size_t i = 0; i < own_repeated.size(); ++i) {
        const bool in_own = own_repeated[i] == static_cast<int32_t>(c), in_other = other_repeated[i] == b;
        both += in_own && in_other ? 1 : 0;
        either += in_own || in_other ? 1 : 0;
      }
      best = std::max(best, both / either);
    }
    EXPECT_EQ(found[c], best);
  }
  EXPECT_TRUE(std::isnan(found[3]));
}

TEST(Evidence, TooFewRowsToTell) {
  const Judgement found = judged(made(12, 1, [](uint64_t i, uint64_t) { return i < 11 ? double(i) : 100.0; }), 2, 3);
  EXPECT_FALSE(found.evidence.structure.tested);
  EXPECT_TRUE(std::isnan(found.evidence.stability[0].jaccard[1]));
  const Json json = to_json(found.evidence.stability[0], {});
  EXPECT_TRUE(json["jaccard"][1].is_null());
  EXPECT_EQ(json["words"][1], "unknown");
}

TEST(Evidence, WhatCannotBeMeasuredDoesNotPass) {
  const Judgement found = judged(normal_noise(24, 3, 720), 2, 10);
  for (const KGate& gate : found.choice.gates) EXPECT_FALSE(gate.k > 4 && gate.passed) << gate.k;
  EXPECT_LE(found.choice.k, 4);
}

TEST(Evidence, TheSampleGrowsWithK) {
  JudgeSpec spec = quick();
  spec.resamples = 2;
  spec.resample_rows = 100;
  Workplace place;
  const Matrix matrix = uniform_noise(1000, 1, 730);
  EXPECT_EQ(judged(matrix, 4, 5, place.env, {}, spec).evidence.stability[0].rows, 100);
  const Evidence evidence = judged(matrix, 20, 20, place.env, {}, spec).evidence;
  EXPECT_EQ(evidence.stability[0].rows, 400);
  EXPECT_LE(std::count_if(evidence.stability[0].jaccard.begin(), evidence.stability[0].jaccard.end(),
                          [](double jaccard) { return std::isnan(jaccard); }),
            10);
}

TEST(Evidence, SizesAreOfWeight) {
  // A tenth of the rows is half of the weight: large enough, and it comes back.
  Matrix matrix = three_blobs(1000, 30, 740, 0.9, 1);
  for (int64_t i = 0; i < matrix.n; ++i) matrix.weights.push_back(matrix.x[static_cast<size_t>(2 * i)] > 15 ? 9 : 1);
  ClusterSpec cluster;
  cluster.min_size = 0.2;
  Workplace place;
  const std::vector<double> jaccard = judged(matrix, 2, 2, place.env, cluster).evidence.stability[0].jaccard;
  for (const double each : jaccard) EXPECT_GT(each, 0.95);
}

TEST(Evidence, AFitOfTheSizesAskedForCountsBeforeAnyOther) {
  const FitRank large{.large_enough = true, .inertia = 10}, small{.large_enough = false, .inertia = 1};
  EXPECT_FALSE(counts_more(small, large, 1));
  EXPECT_TRUE(counts_more(large, small, 1));
  EXPECT_TRUE(counts_more(large, small, 0.95));
  // Of the same kind the inertia decides.
  EXPECT_TRUE(counts_more({true, 9}, large, 0.95));
  EXPECT_FALSE(counts_more({true, 9.6}, large, 0.95));
  EXPECT_TRUE(counts_more({false, 0.9}, small, 1));
  EXPECT_FALSE(counts_more(small, small, 1));
}

TEST(Evidence, CopiesAreAPoissonDraw) {
  std::vector<int64_t> times(9);
  for (int64_t row = 0; row < 100000; ++row) ++times[static_cast<size_t>(copies_of(7, 3, row))];
  const double shares[] = {0.36788, 0.36788, 0.18394, 0.06131, 0.01533, 0.00307};
  for (size_t i = 0; i < 6; ++i) EXPECT_NEAR(static_cast<double>(times[i]) / 100000, shares[i], 0.005) << i;
  EXPECT_EQ(copies_of(7, 3, 5), copies_of(7, 3, 5));
}

TEST(Evidence, SameBytesForThreadsBlocksAndRanks) {
  const Matrix matrix = mixture(70000, 3, 5, 3, 800);
  ClusterSpec cluster;
  cluster.restarts = 1;
  cluster.max_iterations = 6;
  JudgeSpec spec;
  spec.metrics = {"calinski_harabasz", "simplified_silhouette"};
  spec.resamples = 3;
  spec.resample_rows = 800;
  const auto run = [&](int ranks, const Workplace::Options& options) {
    std::vector<std::string> found(static_cast<size_t>(ranks));
    on_ranks(ranks, options, [&](Env& env) {
      const Judgement each = judged(matrix, 4, 5, env, cluster, spec);
      Json json = to_json(each.choice);
      for (const Stability& stability : each.evidence.stability) json["stability"].push_back(to_json(stability, spec));
      found[static_cast<size_t>(env.comm.rank())] = json.dump();
    });
    for (const std::string& each : found) EXPECT_EQ(each, found[0]);
    return found[0];
  };
  const std::string base = run(1, {.threads = 1, .simd = SimdLevel::scalar});
  EXPECT_EQ(base, run(1, {.threads = 3, .block_rows = 65536}));
  EXPECT_EQ(base, run(2, {.threads = 2}));
}

}  // namespace
}  // namespace clientele::test
