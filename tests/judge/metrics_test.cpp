#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "clientele/base/errors.h"
#include "clientele/judge/judge.h"
#include "tests/judge/judged.h"
#include "tests/support/iris.h"
#include "tests/support/row_makers.h"

namespace clientele::test {
namespace {

double value(const Scores& scores, const std::string& metric) {
  return scores.find(metric)->value;
}

Scores judge_all(Judged& judged, Env& env, int64_t sample = 4000, uint64_t seed = 0) {
  JudgeSpec spec;
  spec.sample = sample;
  return judge(judged.rows, judged.clustering, judged.published, spec, seed, env);
}

struct IrisCase {
  int k;
  double silhouette, calinski_harabasz, davies_bouldin, squared, simplified;
};

class Iris : public testing::TestWithParam<IrisCase> {};

/// scikit-learn 1.9 on the same float32 values.
TEST_P(Iris, EqualsScikitLearn) {
  Workplace place;
  Judged judged = fitted(iris(), Space::centred, GetParam().k, 60, place.env);
  const Scores scores = judge_all(judged, place.env);
  EXPECT_NEAR(value(scores, "silhouette"), GetParam().silhouette, 1e-7);
  EXPECT_NEAR(value(scores, "calinski_harabasz"), GetParam().calinski_harabasz, 1e-7 * GetParam().calinski_harabasz);
  EXPECT_NEAR(value(scores, "davies_bouldin"), GetParam().davies_bouldin, 1e-7);
  EXPECT_NEAR(value(scores, "squared_silhouette"), GetParam().squared, 1e-7);
  EXPECT_NEAR(value(scores, "simplified_silhouette"), GetParam().simplified, 1e-7);
  for (const Score& score : scores.scores) {
    EXPECT_EQ(score.rows, 150);
    EXPECT_EQ(score.low, score.value);
    EXPECT_EQ(score.high, score.value);
    EXPECT_EQ(score.higher_is_better, score.metric != "davies_bouldin");
  }
}

INSTANTIATE_TEST_SUITE_P(K, Iris,
                         testing::Values(IrisCase{2, 0.6810461695230858, 513.9245532757875, 0.40429283455801857,
                                                  0.8503512233481049, 0.7697038330196572},
                                         IrisCase{3, 0.5528190088699417, 561.6277626925819, 0.6619715499049293,
                                                  0.7356595999149534, 0.6663855514708101},
                                         IrisCase{4, 0.49805051700992775, 530.7658351107784, 0.7803069693192639,
                                                  0.6713632456948369, 0.6207380532714339}));

TEST(Metrics, AdjustedRandOfIris) {
  Workplace place;
  Judged judged = fitted(iris(), Space::centred, 3, 20, place.env);
  const std::vector<int32_t> species = iris_species();
  const auto pairs = [](double n) { return n * (n - 1) / 2; };
  double both = 0, ours = 0, theirs = 0;
  for (int a = 0; a < 3; ++a) {
    double in_segment = 0;
    for (int b = 0; b < 3; ++b) {
      double n = 0;
      for (size_t i = 0; i < 150; ++i) n += judged.published.label[i] == a && species[i] == b ? 1 : 0;
      both += pairs(n);
      in_segment += n;
    }
    ours += pairs(in_segment);
    theirs += pairs(50);
  }
  const double chance = ours * theirs / pairs(150);
  EXPECT_NEAR((both - chance) / ((ours + theirs) / 2 - chance), 0.7302382722834697, 1e-9);
}

TEST(Metrics, SparkSixPoints) {
  Matrix matrix{.n = 6, .d = 3, .x = {}, .weights = {}};
  for (const double v : {0.0, 0.1, 0.2, 9.0, 9.1, 9.2})
    for (int j = 0; j < 3; ++j) matrix.x.push_back(static_cast<float>(v));
  Workplace place;
  Judged judged = fitted(matrix, Space::as_is, 2, 3, place.env);
  EXPECT_NEAR(value(judge_all(judged, place.env), "squared_silhouette"), 0.9997530305375207, 1e-8);
  std::set<int> centres;
  for (const float c : judged.clustering.centroids) centres.insert(static_cast<int>(std::lround(c * 1e5f)));
  EXPECT_EQ(centres, (std::set<int>{10000, 910000}));
}

TEST(Metrics, AWholeWeightEqualsTheRowRepeated) {
  Matrix weighted = mixture(500, 3, 3, 4, 71);
  for (int64_t i = 0; i < weighted.n; ++i) weighted.weights.push_back(static_cast<double>(i % 5 == 4 ? 7 : i % 5));
  Workplace place;
  const std::vector<float> start(weighted.x.begin(), weighted.x.begin() + 9);
  Judged a = fitted(weighted, Space::as_is, 3, 1, place.env, start);
  Judged b = fitted(repeated(weighted), Space::as_is, 3, 1, place.env, start);
  const Scores one = judge_all(a, place.env), two = judge_all(b, place.env);
  for (const Score& score : one.scores) {
    const double expected = value(two, score.metric);
    EXPECT_NEAR(score.value, expected, 1e-12 * std::max(1.0, expected)) << score.metric;
    EXPECT_EQ(score.low, score.value) << score.metric;
  }
}

TEST(Metrics, ARowAloneInItsSegmentIsAsManyAsItWeighs) {
  Matrix weighted{.n = 4, .d = 1, .x = {0, 1, 2, 9}, .weights = {1, 1, 2, 3}};
  Workplace place;
  const std::vector<float> start = {1, 9};
  Judged a = fitted(weighted, Space::as_is, 2, 1, place.env, start);
  Judged b = fitted(repeated(weighted), Space::as_is, 2, 1, place.env, start);
  for (const char* metric : {"silhouette", "squared_silhouette"})
    EXPECT_NEAR(value(judge_all(a, place.env), metric), value(judge_all(b, place.env), metric), 1e-14) << metric;
  weighted.weights[3] = 1;
  Judged c = fitted(weighted, Space::as_is, 2, 1, place.env, start);
  EXPECT_LT(value(judge_all(c, place.env), "silhouette"), value(judge_all(a, place.env), "silhouette"));
}

/// Means by weight over rows, in long double, of what the definitions say.
struct Plain {
  double davies_bouldin = 0, simplified = 0, silhouette = 0;
};

Plain plain_indices(const oracle::Rows& rows, const std::vector<double>& w, double client, const Clustering& fit,
                    const std::vector<int32_t>& label) {
  const size_t k = static_cast<size_t>(fit.k), d = static_cast<size_t>(fit.d), n = w.size();
  const auto distance = [&](const float* a, const float* b) { return std::sqrt(oracle::d2(a, b, fit.d)); };
  std::vector<long double> weight(k), spread(k);
  long double all = 0, margins = 0, silhouettes = 0;
  for (size_t i = 0; i < n; ++i) {
    const size_t own = static_cast<size_t>(label[i]);
    long double a = distance(rows.row(static_cast<int64_t>(i)), fit.centroids.data() + own * d), b = 1e300L;
    for (size_t c = 0; c < k; ++c)
      if (c != own)
        b = std::min<long double>(b, distance(rows.row(static_cast<int64_t>(i)), fit.centroids.data() + c * d));
    weight[own] += w[i];
    spread[own] += w[i] * a;
    all += w[i];
    margins += w[i] * (b - a) / b;
  }
  for (size_t i = 0; i < n; ++i) {
    std::vector<long double> to(k);
    for (size_t r = 0; r < n; ++r)
      to[static_cast<size_t>(label[r])] +=
          w[r] * distance(rows.row(static_cast<int64_t>(i)), rows.row(static_cast<int64_t>(r)));
    const size_t own = static_cast<size_t>(label[i]);
    const long double a = to[own] / (weight[own] - std::min(client, w[i]));
    long double b = 1e300L;
    for (size_t c = 0; c < k; ++c)
      if (c != own) b = std::min(b, to[c] / weight[c]);
    silhouettes += w[i] * (b - a) / std::max(a, b);
  }
  long double ratios = 0;
  for (size_t a = 0; a < k; ++a) {
    long double worst = 0;
    for (size_t b = 0; b < k; ++b)
      if (a != b)
        worst = std::max(worst, (spread[a] / weight[a] + spread[b] / weight[b]) /
                                    distance(fit.centroids.data() + a * d, fit.centroids.data() + b * d));
    ratios += worst;
  }
  return {static_cast<double>(ratios / static_cast<long double>(k)), static_cast<double>(margins / all),
          static_cast<double>(silhouettes / all)};
}

TEST(Metrics, FractionsOfAWeightCount) {
  for (const double scale : {0.01, 5.0}) {
    Matrix matrix = mixture(400, 3, 3, 3, 75);
    double sum = 0;
    for (uint64_t i = 0; i < 400; ++i) matrix.weights.push_back(scale * oracle::uniform(9, i));
    for (const double w : matrix.weights) sum += w;
    Workplace place;
    Judged judged = fitted(matrix, Space::as_is, 3, 2, place.env);
    const Scores scores = judge_all(judged, place.env);
    const double client = std::min(1.0, sum / 400);  // weights of a small mean are shares
    const Plain plain = plain_indices(read_back(judged.rows, matrix, place.env), matrix.weights, client,
                                      judged.clustering, judged.published.label);
    EXPECT_NEAR(value(scores, "davies_bouldin"), plain.davies_bouldin, 1e-9);
    EXPECT_NEAR(value(scores, "simplified_silhouette"), plain.simplified, 1e-9);
    EXPECT_NEAR(value(scores, "silhouette"), plain.silhouette, 1e-9);
    EXPECT_GT(value(scores, "calinski_harabasz"), 1);
  }
}

TEST(Metrics, EqualWeightsOfAnySizeBelowOneAreNone) {
  Matrix matrix = mixture(300, 2, 3, 3, 76);
  Workplace place;
  const std::vector<float> start(matrix.x.begin(), matrix.x.begin() + 6);
  Judged plain = fitted(matrix, Space::as_is, 3, 1, place.env, start);
  matrix.weights.assign(300, 1.0 / 300);
  Judged judged = fitted(matrix, Space::as_is, 3, 1, place.env, start);
  const Scores one = judge_all(plain, place.env), two = judge_all(judged, place.env);
  for (const Score& score : one.scores)
    EXPECT_NEAR(score.value, value(two, score.metric), 1e-12 * std::max(1.0, score.value)) << score.metric;
}

TEST(Metrics, RowsWithoutWeightChangeNothing) {
  Matrix matrix = mixture(3000, 3, 3, 4, 77);
  matrix.weights.assign(2000, 1.5);
  Matrix fewer = matrix;
  matrix.weights.resize(3000);
  fewer.n = 2000;
  fewer.x.resize(6000);
  for (size_t j = 0; j < 3; ++j) fewer.x[j] = matrix.x[j] = 16;  // the same scales
  Workplace place;
  const std::vector<float> start(matrix.x.begin() + 30, matrix.x.begin() + 39);
  Judged a = fitted(matrix, Space::as_is, 3, 1, place.env, start);
  Judged b = fitted(fewer, Space::as_is, 3, 1, place.env, start);
  const Scores one = judge_all(a, place.env, 500), two = judge_all(b, place.env, 500);
  for (size_t s = 0; s < one.scores.size(); ++s) {
    EXPECT_EQ(one.scores[s].value, two.scores[s].value) << one.scores[s].metric;
    EXPECT_EQ(one.scores[s].low, two.scores[s].low) << one.scores[s].metric;
  }
}

TEST(Metrics, SegmentsWithoutSpreadAreInfinitelyGood) {
  Matrix matrix{.n = 12, .d = 1, .x = {}, .weights = {}};
  for (int64_t i = 0; i < matrix.n; ++i) matrix.x.push_back(static_cast<float>(i % 3 == 2 ? 8 : i % 3));
  Workplace place;
  std::vector<Scores> candidates;
  for (const int k : {2, 3}) {
    Judged judged = fitted(matrix, Space::as_is, k, 3, place.env);
    candidates.push_back(judge_all(judged, place.env));
  }
  EXPECT_TRUE(std::isfinite(value(candidates[0], "calinski_harabasz")));
  EXPECT_EQ(value(candidates[1], "calinski_harabasz"), HUGE_VAL);
  EXPECT_EQ(choose_k(candidates).votes[0], std::pair(std::string("calinski_harabasz"), 3));
}

TEST(Metrics, UndefinedForOneSegment) {
  Workplace place;
  Judged judged = fitted(iris(), Space::centred, 1, 1, place.env);
  for (const Score& score : judge_all(judged, place.env).scores) EXPECT_TRUE(std::isnan(score.value)) << score.metric;
  EXPECT_TRUE(to_json(judge_all(judged, place.env))["scores"][0]["value"].is_null());
}

TEST(Metrics, TheSampleHasAnInterval) {
  Workplace place;
  Judged judged = fitted(mixture(3000, 3, 4, 3, 72), Space::centred, 4, 2, place.env);
  const double truth = value(judge_all(judged, place.env, 5000), "silhouette");
  int covered = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const Score score = *judge_all(judged, place.env, 300, seed).find("silhouette");
    EXPECT_EQ(score.rows, 300);
    EXPECT_NEAR(score.high - score.value, score.value - score.low, 1e-12);
    EXPECT_LT(score.high - score.low, 0.12);
    EXPECT_GT(score.high - score.low, 0.02);
    covered += score.low <= truth && truth <= score.high ? 1 : 0;
  }
  EXPECT_GE(covered, 34);  // 38 expected
}

TEST(Metrics, SameBytesForAnyNumberOfRanksAndThreads) {
  Matrix matrix = mixture(140000, 4, 5, 3, 73);
  for (uint64_t i = 0; i < 140000; ++i) matrix.weights.push_back(i % 11 == 0 ? 0 : oracle::uniform(8, i));
  const std::vector<float> start(matrix.x.begin(), matrix.x.begin() + 20);
  std::vector<Scores> found;
  for (const int ranks : {1, 2, 4})
    on_ranks(ranks, {.threads = ranks, .block_rows = ranks == 2 ? 65536 : 0}, [&](Env& env) {
      Judged judged = fitted(matrix, Space::as_is, 5, 1, env, start);
      const Scores scores = judge_all(judged, env, 1000, 4);
      if (env.comm.rank() == 0) found.push_back(scores);
    });
  for (size_t i = 1; i < found.size(); ++i)
    for (size_t s = 0; s < found[0].scores.size(); ++s) {
      EXPECT_EQ(found[i].scores[s].value, found[0].scores[s].value) << found[0].scores[s].metric;
      EXPECT_EQ(found[i].scores[s].low, found[0].scores[s].low);
    }
}

TEST(Metrics, StoppedEarlyJudgesThePublishedLabels) {
  // After one iteration the fit's sums are not those of the published labels; the index must use the latter.
  Workplace place;
  const Matrix matrix = mixture(2000, 2, 5, 3, 74);
  RowBlocks rows = blocks_of(matrix, Space::centred, place.env);
  ClusterSpec spec;
  spec.max_iterations = 1;
  spec.restarts = 1;
  Judged judged{.rows = std::move(rows), .clustering = {}, .published = {}};
  judged.clustering = fit(judged.rows, 5, spec, {}, place.env);
  judged.published = publish(judged.rows, judged.clustering, place.env);
  const oracle::Rows plain = read_back(judged.rows, matrix, place.env);
  std::vector<double> mean(10), all(2);
  std::vector<double> n(5);
  for (size_t i = 0; i < 2000; ++i)
    for (size_t j = 0; j < 2; ++j) {
      const size_t c = static_cast<size_t>(judged.published.label[i]);
      n[c] += j == 0 ? 1 : 0;
      mean[c * 2 + j] += static_cast<double>(plain.x[i * 2 + j]);
      all[j] += static_cast<double>(plain.x[i * 2 + j]) / 2000;
    }
  double within = 0, between = 0;
  for (size_t i = 0; i < 2000; ++i)
    for (size_t j = 0; j < 2; ++j) {
      const size_t c = static_cast<size_t>(judged.published.label[i]);
      within += std::pow(static_cast<double>(plain.x[i * 2 + j]) - mean[c * 2 + j] / n[c], 2);
      between += std::pow(all[j] - mean[c * 2 + j] / n[c], 2);
    }
  const double expected = between / 4 / (within / 1995);
  EXPECT_NEAR(value(judge_all(judged, place.env), "calinski_harabasz"), expected, 1e-9 * expected);
}

TEST(Metrics, UnknownOnesAreUsageErrors) {
  JudgeSpec spec;
  spec.metrics = {"silhouete"};
  try {
    check_metrics(spec);
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_NE(std::string(error.what()).find("silhouette?"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace clientele::test
