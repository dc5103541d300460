#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "clientele/base/errors.h"
#include "tests/judge/profile_fixture.h"
#include "tests/support/row_makers.h"

namespace clientele::test {
namespace {

std::vector<double> members(const Table& table, size_t column, int segment) {
  std::vector<double> out;
  for (size_t i = 0; i < table.labels.size(); ++i) {
    const double x = table.columns[column].values[i];
    if ((segment < 0 || table.labels[i] == segment) && x == x) out.push_back(x);
  }
  return out;
}

/// Of ascending values.
double type7(const std::vector<double>& x, double p) {
  if (x.empty()) return NAN;
  const double h = p * static_cast<double>(x.size() - 1);
  const size_t low = static_cast<size_t>(h);
  const size_t high = std::min(low + 1, x.size() - 1);
  return std::fma(h - static_cast<double>(low), x[high] - x[low], x[low]);
}

long double mean(const std::vector<double>& x) {
  long double sum = 0;
  for (const double v : x) sum += v;
  return sum / static_cast<long double>(x.size());
}

long double deviations(const std::vector<double>& x) {
  const long double m = mean(x);
  long double sum = 0;
  for (const double v : x) sum += (v - m) * (v - m);
  return sum;
}

void expect_close(double found, long double expected, double scale, const std::string& what) {
  if (std::isnan(static_cast<double>(expected)))
    EXPECT_TRUE(std::isnan(found)) << what;
  else
    EXPECT_NEAR(found, static_cast<double>(expected), 1e-10 * std::max(scale, std::fabs(static_cast<double>(expected))))
        << what;
}

void expect_same_number(double found, double expected, const std::string& what) {
  if (std::isnan(expected))
    EXPECT_TRUE(std::isnan(found)) << what;
  else
    EXPECT_EQ(found, expected) << what;
}

void check_column(const Table& table, const Profiles& profiles, size_t column, int segment, const ProfileSpec& spec) {
  const std::string what = profiles.number_columns[column] + " in " + std::to_string(segment);
  const ColumnProfile& found =
      segment < 0 ? profiles.population[column] : profiles.segments[static_cast<size_t>(segment)].numbers[column];
  const std::vector<double> in = members(table, column, segment);
  const std::vector<double> all = members(table, column, -1);
  EXPECT_EQ(found.present, static_cast<int64_t>(in.size())) << what;
  const auto rows = segment < 0 ? table.rows() : std::count(table.labels.begin(), table.labels.end(), segment);
  EXPECT_EQ(found.missing, rows - found.present) << what;
  std::vector<double> ascending = in;
  std::sort(ascending.begin(), ascending.end());
  for (size_t p = 0; p < spec.quantiles.size(); ++p)
    expect_same_number(found.quantiles[p], type7(ascending, spec.quantiles[p]), what + " quantile");
  if (in.empty()) {
    EXPECT_TRUE(std::isnan(found.mean) && std::isnan(found.sd) && std::isnan(found.effect)) << what;
    return;
  }
  if (profiles.number_columns[column] == "wide") return;  // squares overflow: quantiles only
  const double spread = std::sqrt(static_cast<double>(deviations(all) / static_cast<long double>(all.size())));
  // A mean is a double: beside an offset of 1e9 its last bit is 1e-4 of a spread of 1e-3.
  const double last_bit = spread > 0 ? std::fabs(static_cast<double>(mean(all))) * 0x1p-52 / spread : 0;
  expect_close(found.mean, mean(in), spread, what + " mean");
  expect_close(found.sd, std::sqrt(deviations(in) / static_cast<long double>(in.size())), spread * (1 + 1e8 * last_bit),
               what + " sd");
  if (segment < 0) return;
  const double tolerance = 1e-9 + 4 * last_bit;
  const double gap = static_cast<double>(mean(in) - mean(all));
  EXPECT_NEAR(found.z, spread > 0 ? gap / spread : 0, tolerance) << what;
  expect_close(found.lift, mean(in) / mean(all), 1, what + " lift");
  std::vector<double> rest;
  for (int c = 0; c < table.k; ++c)
    if (c != segment)
      for (const double x : members(table, column, c)) rest.push_back(x);
  const long double pooled = std::sqrt((deviations(in) + deviations(rest)) / static_cast<long double>(all.size() - 2));
  if (rest.empty() || pooled == 0)
    EXPECT_TRUE(std::isnan(found.effect)) << what;
  else
    EXPECT_NEAR(found.effect, static_cast<double>((mean(in) - mean(rest)) / pooled), tolerance * 2) << what;
}

TEST(Profile, EqualsTheOracle) {
  ProfileSpec spec;
  spec.quantiles = {0, 0.001, 0.05, 0.25, 0.5, 0.75, 0.999, 1};
  for (const int64_t rows : {1, 7, 3000, 70000}) {
    const Table table = varied_table(rows, 4, static_cast<uint64_t>(rows));
    Workplace place;
    const Profiles profiles = profile_table(table, spec, place.env);
    ASSERT_EQ(profiles.number_columns.size(), 8u);
    for (size_t c = 0; c < 8; ++c)
      for (int s = -1; s < table.k; ++s) check_column(table, profiles, c, s, spec);
  }
}

TEST(Profile, SegmentsRecombineToThePopulation) {
  const Table table = varied_table(20000, 5, 81);
  Workplace place;
  const Profiles profiles = profile_table(table, {}, place.env);
  double share = 0;
  for (const SegmentProfile& segment : profiles.segments) share += segment.share;
  EXPECT_NEAR(share, 1, 1e-12);
  for (size_t c = 0; c < profiles.population.size(); ++c) {
    if (profiles.number_columns[c] == "wide") continue;
    double sum = 0;
    int64_t present = 0, missing = 0;
    for (const SegmentProfile& segment : profiles.segments) {
      if (segment.numbers[c].present > 0)
        sum += static_cast<double>(segment.numbers[c].present) * segment.numbers[c].mean;
      present += segment.numbers[c].present;
      missing += segment.numbers[c].missing;
    }
    EXPECT_EQ(present, profiles.population[c].present);
    EXPECT_EQ(missing, profiles.population[c].missing);
    EXPECT_NEAR(sum / static_cast<double>(present), profiles.population[c].mean,
                1e-12 * (std::fabs(profiles.population[c].mean) + profiles.population[c].sd));
  }
}

TEST(Profile, CategoriesAndMargins) {
  const Table table = varied_table(5000, 3, 82);
  Workplace place;
  const Profiles profiles = profile_table(table, {}, place.env);
  ASSERT_EQ(profiles.category_columns, std::vector<std::string>{"channel"});
  for (int s = 0; s < 3; ++s) {
    const SegmentProfile& segment = profiles.segments[static_cast<size_t>(s)];
    const std::vector<double> in = members(table, 8, s), all = members(table, 8, -1);
    ASSERT_EQ(segment.categories[0].size(), 3u);
    for (size_t i = 0; i < 3; ++i) {
      const CategoryShare& found = segment.categories[0][i];
      const double code = found.category == "app" ? 0 : found.category == "shop" ? 1 : 2;
      const double share = static_cast<double>(std::count(in.begin(), in.end(), code)) / static_cast<double>(in.size());
      const double whole =
          static_cast<double>(std::count(all.begin(), all.end(), code)) / static_cast<double>(all.size());
      EXPECT_EQ(found.share, share);
      EXPECT_NEAR(found.lift, share / whole, 1e-12);
      if (i > 0) {
        EXPECT_LE(found.share, segment.categories[0][i - 1].share);
      }
    }
    double margin = 0, n = 0;
    for (size_t i = 0; i < table.labels.size(); ++i)
      if (table.labels[i] == s) {
        margin += static_cast<double>(static_cast<float>(oracle::uniform(7, i)));
        n += 1;
      }
    EXPECT_NEAR(segment.mean_margin, margin / n, 1e-12);
    EXPECT_NEAR(segment.mean_distance, 12 / n, 1e-12);
  }
}

TEST(Profile, ImportanceIsTheBetweenShareOfTheVariance) {
  const Table table = varied_table(4000, 4, 83);
  Workplace place;
  const Profiles profiles = profile_table(table, {}, place.env);
  long double between = 0;
  const std::vector<double> all = members(table, 0, -1);
  for (int s = 0; s < 4; ++s) {
    const std::vector<double> in = members(table, 0, s);
    between += static_cast<long double>(in.size()) * std::pow(mean(in) - mean(all), 2.0L);
  }
  ASSERT_EQ(profiles.importance.size(), 1u);
  EXPECT_NEAR(profiles.importance[0], static_cast<double>(between / deviations(all)), 1e-6);
  EXPECT_GT(profiles.importance[0], 0.3);
}

TEST(Profile, SameBytesForThreadsPiecesAndRanks) {
  const Table table = varied_table(132000, 6, 84);
  const auto dump = [&](int ranks, int threads, int64_t piece) {
    std::string out;
    on_ranks(ranks, {.threads = threads}, [&](Env& env) {
      env.piece_rows = piece;
      const Profiles profiles = profile_table(table, {}, env);
      if (env.comm.rank() == ranks - 1) out = to_json(profiles).dump() + to_csv(profiles);
    });
    return out;
  };
  const std::string base = dump(1, 1, 8192);
  EXPECT_EQ(dump(1, 3, 8192), base);
  EXPECT_EQ(dump(1, 2, 999), base);
  EXPECT_EQ(dump(2, 1, 8192), base);
  EXPECT_EQ(dump(4, 2, 65536), base);
}

}  // namespace
}  // namespace clientele::test
