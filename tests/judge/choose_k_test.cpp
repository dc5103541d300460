#include <gtest/gtest.h>

#include <cmath>

#include "clientele/judge/judge.h"

namespace clientele::test {
namespace {

Scores scores(int k, double ch, double db, double simplified, double squared) {
  return {.k = k,
          .inertia = 1,
          .scores = {{.metric = "calinski_harabasz", .value = ch},
                     {.metric = "davies_bouldin", .value = db, .higher_is_better = false},
                     {.metric = "simplified_silhouette", .value = simplified},
                     {.metric = "squared_silhouette", .value = squared}}};
}

TEST(ChooseK, MostVotesWin) {
  const KChoice choice =
      choose_k({scores(2, 10, 0.9, 0.5, 0.8), scores(3, 20, 0.4, 0.6, 0.7), scores(4, 15, 0.5, 0.4, 0.6)});
  EXPECT_EQ(choice.k, 3);
  const std::vector<std::pair<std::string, int>> votes = {
      {"calinski_harabasz", 3}, {"davies_bouldin", 3}, {"simplified_silhouette", 3}, {"squared_silhouette", 2}};
  EXPECT_EQ(choice.votes, votes);
  EXPECT_EQ(choice.reason,
            "Of 4 indices, squared_silhouette votes for k = 2; calinski_harabasz, davies_bouldin and "
            "simplified_silhouette vote "
            "for k = 3.");
}

TEST(ChooseK, TheSquaredSilhouetteBreaksTies) {
  const KChoice choice = choose_k({scores(2, 10, 0.3, 0.5, 0.7), scores(5, 20, 0.4, 0.4, 0.8)});
  EXPECT_EQ(choice.k, 5);
  EXPECT_NE(choice.reason.find("k = 2 and k = 5 have as many votes; the squared_silhouette is best at k = 5 (0.8)"),
            std::string::npos)
      << choice.reason;
}

TEST(ChooseK, ThenTheSmallerK) {
  std::vector<Scores> candidates = {scores(6, 20, 0.4, 0, 0), scores(4, 10, 0.3, 0, 0)};
  for (Scores& candidate : candidates) candidate.scores.resize(2);
  const KChoice choice = choose_k(candidates);
  EXPECT_EQ(choice.k, 4);
  EXPECT_NE(choice.reason.find("the smaller k was taken"), std::string::npos);
}

TEST(ChooseK, EqualValuesVoteForTheSmallerK) {
  const KChoice choice = choose_k({scores(3, 10, 0.3, 0.5, 0.5), scores(2, 10, 0.3, 0.5, 0.5)});
  EXPECT_EQ(choice.k, 2);
}

TEST(ChooseK, UndefinedValuesDoNotVote) {
  const KChoice choice = choose_k({scores(1, NAN, NAN, NAN, NAN), scores(2, 1, 1, 0.1, 0.1)});
  EXPECT_EQ(choice.k, 2);
  EXPECT_EQ(choose_k({scores(2, NAN, NAN, NAN, NAN), scores(1, NAN, NAN, NAN, NAN)}).k, 1);
}

TEST(ChooseK, AnInfiniteValueIsTheBestOrTheWorst) {
  const std::vector<Scores> candidates = {scores(2, 10, 0.3, 0.5, 0.5), scores(3, INFINITY, INFINITY, 0.4, 0.4)};
  const KChoice choice = choose_k(candidates);
  const std::vector<std::pair<std::string, int>> votes = {
      {"calinski_harabasz", 3}, {"davies_bouldin", 2}, {"simplified_silhouette", 2}, {"squared_silhouette", 2}};
  EXPECT_EQ(choice.votes, votes);
}

TEST(ChooseK, OneCandidate) {
  const KChoice choice = choose_k({scores(7, 1, 1, 1, 1)});
  EXPECT_EQ(choice.k, 7);
  EXPECT_EQ(choice.reason, "k = 7 was the only one asked for.");
}

Evidence stable(std::vector<Stability> stability, bool found = true) {
  return {.structure = {.tested = true, .found = found, .rows = 4000, .splits = 70, .largest = 0.5, .limit = 0.7},
          .stability = std::move(stability)};
}

TEST(ChooseK, AKWithUnstableSegmentsCannotWin) {
  const std::vector<Scores> candidates = {scores(2, 10, 0.9, 0.5, 0.8), scores(3, 20, 0.4, 0.6, 0.9)};
  const Evidence evidence = stable({{.k = 2, .jaccard = {0.9, 0.8}}, {.k = 3, .jaccard = {0.9, 0.55, 0.8}}});
  EXPECT_EQ(choose_k(candidates).k, 3);
  const KChoice choice = choose_k(candidates, evidence);
  EXPECT_EQ(choice.k, 2);
  EXPECT_TRUE(choice.worth_having);
  EXPECT_EQ(choice.reason,
            "Of 4 indices, calinski_harabasz, davies_bouldin, simplified_silhouette and squared_silhouette vote for "
            "k = 2. Left out of the vote: k = 3: 1 of its 3 segments is unstable.");
  EXPECT_EQ(choose_k(candidates, evidence, {.unstable_segments = 0.34}).k, 3);
  EXPECT_EQ(choose_k(candidates, evidence, {.unstable = 0.5}).k, 3);
  EXPECT_EQ(choose_k(candidates, evidence, {.stable = 0.85, .unstable = 0.5}).gates[1].why,
            "only 1 of its 3 segments is stable");
}

TEST(ChooseK, AKWhoseStabilityIsNotKnownCannotWin) {
  const std::vector<Scores> candidates = {scores(2, 10, 0.9, 0.5, 0.8), scores(3, 20, 0.4, 0.6, 0.9)};
  const KChoice choice =
      choose_k(candidates, stable({{.k = 2, .jaccard = {0.9, 0.8}}, {.k = 3, .jaccard = {NAN, 0.9, NAN}}}));
  EXPECT_EQ(choice.k, 2);
  EXPECT_EQ(choice.gates[1].why, "the stability of only 1 of its 3 segments could be measured");
  const KChoice none =
      choose_k(candidates, stable({{.k = 2, .jaccard = {NAN, NAN}}, {.k = 3, .jaccard = {NAN, NAN, NAN}}}));
  EXPECT_FALSE(none.worth_having);
  // Half of them are enough.
  EXPECT_EQ(choose_k(candidates, stable({{.k = 2, .jaccard = {0.9, 0.8}}, {.k = 3, .jaccard = {0.9, 0.9, NAN}}})).k, 3);
  EXPECT_TRUE(choose_k({candidates[0]}, stable({{.k = 2, .jaccard = {0.9, NAN}}})).worth_having);
}

TEST(ChooseK, WithoutIndicesTheGatesStillCount) {
  std::vector<Scores> candidates = {scores(2, 0, 0, 0, 0), scores(3, 0, 0, 0, 0), scores(4, 0, 0, 0, 0)};
  for (Scores& candidate : candidates) candidate.scores.clear();
  const KChoice choice = choose_k(candidates, stable({{.k = 2, .jaccard = {0.9, 0.1}},
                                                      {.k = 3, .jaccard = {0.9, 0.9, 0.9}},
                                                      {.k = 4, .jaccard = {0.9, 0.9, 0.9, 0.9}}}));
  EXPECT_EQ(choice.k, 3);
  EXPECT_TRUE(choice.worth_having);
}

TEST(ChooseK, NoneWorthHaving) {
  std::vector<Scores> candidates = {scores(2, 10, 0.9, 0.5, 0.8), scores(3, 20, 0.4, 0.6, 0.9)};
  candidates[0].counts = {90, 10};
  candidates[1].counts = {90, 10, 0};
  const KChoice small = choose_k(candidates, {}, {.min_weight = 20});
  EXPECT_EQ(small.k, 3);  // the best of what there is
  EXPECT_FALSE(small.worth_having);
  EXPECT_EQ(small.doubts,
            (std::vector<std::string>{
                "No number of segments passes: k = 2: its smallest segment has 10 rows, fewer than the 20 of "
                "cluster.min_size; k = 3: a segment is empty."}));
  EXPECT_TRUE(choose_k(candidates, {}, {.min_weight = 10}).worth_having);

  const KChoice cloud = choose_k(candidates, stable({}, false), {.min_weight = 10});
  EXPECT_EQ(cloud.k, 2);  // the best of those that pass
  EXPECT_FALSE(cloud.worth_having);
  EXPECT_EQ(cloud.doubts, (std::vector<std::string>{
                              "The rows form one cloud without gaps: none of 70 ways of cutting a sample of "
                              "4000 rows in two leaves a gap between the parts (dip 0.5, a gap from 0.7 on)."}));
  candidates.push_back(scores(1, NAN, NAN, NAN, NAN));
  EXPECT_EQ(choose_k(candidates, stable({}, false)).k, 1);
  // One segment alone claims nothing.
  EXPECT_TRUE(choose_k({candidates.back()}, stable({}, false)).worth_having);
}

TEST(ChooseK, Json) {
  const Json json = to_json(choose_k({scores(2, 10, 0.3, 0.5, 0.7), scores(5, 20, 0.4, 0.4, 0.8)}));
  EXPECT_EQ(json["k"], 5);
  EXPECT_EQ(json["votes"][0]["metric"], "calinski_harabasz");
  EXPECT_EQ(json["votes"][0]["k"], 5);
}

}  // namespace
}  // namespace clientele::test
