#include "src/judge/segment_names.h"

#include <gtest/gtest.h>

#include "clientele/base/errors.h"
#include "clientele/judge/profile.h"

namespace clientele::test {
namespace {

/// Segments with the given z per column.
Profiles with_z(std::vector<std::string> columns, const std::vector<std::vector<double>>& z) {
  Profiles out;
  out.number_clustered.assign(columns.size(), true);
  out.number_columns = std::move(columns);
  for (const std::vector<double>& row : z) {
    SegmentProfile segment;
    for (const double value : row) {
      segment.numbers.emplace_back();
      segment.numbers.back().z = value;
    }
    out.segments.push_back(segment);
  }
  return out;
}

using Names = std::vector<std::string>;

TEST(SegmentNames, TheLargestZComesFirst) {
  const Profiles profiles =
      with_z({"recency", "monetary", "gap_mean"}, {{-0.9, 2, 0.6}, {0.1, -0.2, -0.7}, {0.4, 0.49, 0}});
  EXPECT_EQ(segment_names(profiles, {}), (Names{"High monetary, recent", "Low gap mean", "Average"}));
  EXPECT_EQ(segment_names(profiles, {.name_features = 3, .names = {}})[0], "High monetary, recent, high gap mean");
}

TEST(SegmentNames, OnlyClusteredColumnsName) {
  Profiles profiles = with_z({"age", "orders"}, {{5, 1}});
  profiles.number_clustered[0] = false;
  EXPECT_EQ(segment_names(profiles, {}), Names{"Many orders"});
}

TEST(SegmentNames, EqualNamesGetAnOrdinal) {
  const Profiles profiles = with_z({"a"}, std::vector<std::vector<double>>(12, {1.0}));
  const Names names = segment_names(profiles, {});
  EXPECT_EQ(names[0], "High a");
  EXPECT_EQ(names[1], "High a (second)");
  EXPECT_EQ(names[9], "High a (tenth)");
  EXPECT_EQ(names[10], "High a (11th)");
}

TEST(SegmentNames, OwnNamesOverride) {
  const Profiles profiles = with_z({"a"}, {{1}, {1}, {-1}});
  EXPECT_EQ(segment_names(profiles, {.names = {"High a", "", "Lapsed"}}),
            (Names{"High a", "High a (second)", "Lapsed"}));
  EXPECT_THROW(segment_names(profiles, {.names = {"x", "x"}}), Error);
  EXPECT_EQ(segment_names(profiles, {.names = {"a", "b", "c", "d"}}), (Names{"a", "b", "c"}));
}

TEST(SegmentNames, MissingZStandsForNothing) {
  const Profiles profiles = with_z({"a", "b"}, {{std::numeric_limits<double>::quiet_NaN(), -1}});
  EXPECT_EQ(segment_names(profiles, {}), Names{"Low b"});
}

TEST(ProfileFiles, CsvQuotesAndLeavesNaNEmpty) {
  Profiles profiles = with_z({"a,b"}, {{1}});
  profiles.quantile_probabilities = {0.05, 0.5, 0.999};
  profiles.category_columns = {"channel"};
  SegmentProfile& segment = profiles.segments[0];
  segment.name = "High \"a\"";
  segment.rows = 3;
  segment.share = 0.25;
  segment.numbers[0] = {
      .present = 2, .missing = 1, .mean = 1.5, .sd = 0.5, .z = 1, .lift = NAN, .effect = 2, .quantiles = {1, 1.5, 2}};
  segment.categories = {{{"web, mobile", 0.75, 1.5}}};
  EXPECT_EQ(
      to_csv(profiles),
      "segment,name,rows,share,mean_distance,mean_margin,\"a,b_mean\",\"a,b_z\",\"a,b_lift\",\"a,b_effect\",\"a,b_sd\","
      "\"a,b_missing\",\"a,b_q05\",\"a,b_q50\",\"a,b_q99.9\",channel_top,channel_top_share\n"
      "0,\"High \"\"a\"\"\",3,0.25,0,0,1.5,1,,2,0.5,1,1,1.5,2,\"web, mobile\",0.75\n");
}

TEST(ProfileFiles, JsonShape) {
  Profiles profiles = with_z({"spend"}, {{1}});
  profiles.number_units = {"EUR"};
  profiles.quantile_probabilities = {0.05};
  profiles.feature_names = {"spend"};
  profiles.importance = {0.5};
  profiles.population.resize(1);
  profiles.population[0].mean = 2;
  profiles.population[0].quantiles = {7};
  profiles.segments[0].numbers[0].lift = NAN;
  profiles.segments[0].numbers[0].quantiles = {4};
  profiles.segments[0].centroid_normalised = {1.25};
  const Json json = to_json(profiles);
  EXPECT_EQ(json["segments"][0]["numbers"]["spend"]["quantiles"]["0.05"], 4.0);
  EXPECT_TRUE(json["segments"][0]["numbers"]["spend"]["lift"].is_null());
  EXPECT_EQ(json["segments"][0]["numbers"]["spend"]["unit"], "EUR");
  EXPECT_EQ(json["segments"][0]["centroid_normalised"][0], 1.25);
  EXPECT_EQ(json["population"]["numbers"]["spend"]["mean"], 2.0);
  EXPECT_EQ(json["features"][0]["name"], "spend");
  EXPECT_EQ(json["features"][0]["importance"], 0.5);
}

}  // namespace
}  // namespace clientele::test
