// A table seen through a model, and results spread over all clients.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "clientele/base/errors.h"
#include "src/app/client_rows.h"
#include "src/app/model_source.h"

namespace clientele {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Column column(const std::string& name, std::vector<std::string> categories = {}) {
  Column made;
  made.name = name;
  made.kind = categories.empty() ? ColumnKind::number : ColumnKind::category;
  made.categories = std::move(categories);
  return made;
}

std::unique_ptr<Source> table(std::vector<Column> columns, std::vector<std::vector<double>> values) {
  IdColumn ids;
  ids.rows = static_cast<int64_t>(values[0].size());
  return std::make_unique<MemorySource>(Schema{std::move(columns)}, std::move(values), ids);
}

std::vector<double> read(Source& source, int64_t first, int64_t rows, std::vector<int> columns) {
  std::vector<double> out(static_cast<size_t>(rows) * columns.size(), -1);
  source.read(first, columns, {out.data(), rows, static_cast<int64_t>(columns.size()), rows});
  return out;
}

FeatureSpace space_of(std::vector<Column> columns, const std::vector<int>& sources) {
  FeatureSpace space;
  space.schema.columns = std::move(columns);
  for (const int source : sources) {
    Feature feature;
    feature.transform.source = source;
    space.features.push_back(feature);
  }
  return space;
}

TEST(ModelSource, MatchesColumnsAndCategoriesByName) {
  const FeatureSpace space =
      space_of({column("x"), column("unused"), column("c", {"a", "b", "d"}), column("y")}, {0, 2, 2, 3});
  auto raw =
      table({column("y"), column("c", {"b", "c", "d"}), column("x")}, {{1, 2, 3, 4}, {0, 1, 2, kNaN}, {5, 6, 7, 8}});
  ModelSource source(std::move(raw), space, "t.h5");
  EXPECT_EQ(source.needed(), (std::vector<int>{0, 2, 3}));
  const std::vector<double> got = read(source, 1, 3, {0, 1, 2, 3});
  EXPECT_EQ(std::vector<double>(got.begin(), got.begin() + 3), (std::vector<double>{6, 7, 8}));
  EXPECT_TRUE(std::isnan(got[3]) && std::isnan(got[4]) && std::isnan(got[5]));
  EXPECT_TRUE(std::isnan(got[6]));  // "c" was never seen
  EXPECT_EQ(got[7], 2);             // "d"
  EXPECT_TRUE(std::isnan(got[8]));
  EXPECT_EQ(std::vector<double>(got.begin() + 9, got.end()), (std::vector<double>{2, 3, 4}));
  EXPECT_EQ(source.count_unseen(), (std::map<std::string, int64_t>{{"c", 1}}));
}

TEST(ModelSource, ListsEveryMissingColumn) {
  const FeatureSpace space = space_of({column("income"), column("age"), column("x")}, {0, 1, 2});
  try {
    ModelSource(table({column("incme"), column("x")}, {{1}, {2}}), space, "t.h5");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::input);
    EXPECT_EQ(error.complaint().found, "no income, age");
    EXPECT_NE(error.complaint().hint.find("incme"), std::string::npos);
  }
  EXPECT_THROW(ModelSource(table({column("x", {"a"})}, {{0}}), space_of({column("x")}, {0}), "t.h5"), Error);
}

TEST(ClientRows, KeptRowsGoBackToTheirPlaces) {
  CleanRows rows;
  rows.excluded = {0, 6, 1, 0, 8};
  Published published;
  published.label = {4, 5};
  published.second = {1, 2};
  published.distance = {0.5F, 0.25F};
  published.margin = {0.1F, 0.2F};
  const ClientRows out = spread_rows(published, rows);
  EXPECT_EQ(out.excluded, (std::vector<int8_t>{0, 6, 1, 0, 8}));
  EXPECT_EQ(out.segment, (std::vector<int32_t>{4, -1, -1, 5, -1}));
  EXPECT_EQ(out.second_best, (std::vector<int32_t>{1, -1, -1, 2, -1}));
  EXPECT_EQ(out.distance[3], 0.25F);
  EXPECT_TRUE(std::isnan(out.distance[1]));
  const Json counts = exclusion_counts(out.excluded);
  EXPECT_EQ(counts.size(), 3u);
}

}  // namespace
}  // namespace clientele
