#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

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
        margin += margin_of(table, static_cast<int64_t>(i));
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

Table weighted_table(int64_t rows, int k, uint64_t stream, const std::function<double(uint64_t)>& weight) {
  Table table = varied_table(rows, k, stream);
  for (int64_t i = 0; i < rows; ++i) table.weights.push_back(weight(static_cast<uint64_t>(i)));
  return table;
}

void expect_same_column(const ColumnProfile& found, const ColumnProfile& expected, const ColumnProfile& all,
                        const std::string& what) {
  for (size_t p = 0; p < expected.quantiles.size(); ++p)
    expect_same_number(found.quantiles[p], expected.quantiles[p], what + " quantile");
  if (what == "wide") return;  // squares overflow: quantiles only
  const double last_bit = all.sd > 0 ? std::fabs(all.mean) * 0x1p-50 / all.sd : 0;
  const auto expect_near = [&](double a, double b, double scale, const char* which) {
    EXPECT_EQ(std::isnan(a), std::isnan(b)) << what << which;
    if (!std::isnan(a)) {
      EXPECT_NEAR(a, b, (1e-10 + last_bit) * scale) << what << which;
    }
  };
  expect_near(found.mean, expected.mean, all.sd + std::fabs(expected.mean), " mean");
  expect_near(found.sd, expected.sd, all.sd, " sd");
  expect_near(found.z, expected.z, 1 + std::fabs(expected.z), " z");
  expect_near(found.lift, expected.lift, 1 + std::fabs(expected.lift), " lift");
  expect_near(found.effect, expected.effect, 4 + std::fabs(expected.effect), " effect");
}

TEST(Profile, AWholeWeightEqualsTheRowRepeated) {
  ProfileSpec spec;
  spec.quantiles = {0, 0.001, 0.05, 0.25, 0.5, 0.77, 0.999, 1};
  for (const int64_t rows : {7, 900, 20000}) {
    const Table table = weighted_table(rows, 4, static_cast<uint64_t>(rows) + 1,
                                       [](uint64_t i) { return static_cast<double>(i % 7 == 6 ? 11 : i % 4); });
    Workplace place;
    const Profiles found = profile_table(table, spec, place.env);
    const Profiles expected = profile_table(repeated(table), spec, place.env);
    EXPECT_TRUE(found.weighted);
    EXPECT_FALSE(expected.weighted);
    ASSERT_EQ(found.number_columns, expected.number_columns);
    EXPECT_NEAR(found.importance[0], expected.importance[0], 1e-12);
    for (size_t c = 0; c < found.population.size(); ++c)
      expect_same_column(found.population[c], expected.population[c], expected.population[c], found.number_columns[c]);
    for (size_t s = 0; s < found.segments.size(); ++s) {
      const SegmentProfile &one = found.segments[s], &two = expected.segments[s];
      EXPECT_EQ(one.rows, std::count(table.labels.begin(), table.labels.end(), static_cast<int32_t>(s)));
      EXPECT_EQ(one.weight, static_cast<double>(two.rows));
      EXPECT_EQ(one.share, two.share);
      expect_same_number(one.mean_distance, two.mean_distance, "distance");
      expect_close(one.mean_margin, static_cast<long double>(two.mean_margin), 1, "margin");
      for (size_t c = 0; c < one.numbers.size(); ++c)
        expect_same_column(one.numbers[c], two.numbers[c], expected.population[c], found.number_columns[c]);
      ASSERT_EQ(one.categories[0].size(), two.categories[0].size());
      for (size_t i = 0; i < one.categories[0].size(); ++i) {
        EXPECT_EQ(one.categories[0][i].category, two.categories[0][i].category);
        EXPECT_EQ(one.categories[0][i].share, two.categories[0][i].share);
      }
    }
  }
}

/// The value that more weight than `below` lies at or below of.
double value_above(const std::vector<std::pair<double, long double>>& ascending, long double below) {
  long double sum = 0;
  for (const auto& [x, w] : ascending)
    if ((sum += w) > below) return x;
  return ascending.back().first;
}

TEST(Profile, FractionsOfAWeightCount) {
  for (const double scale : {0.001, 3.0}) {
    const Table table =
        weighted_table(3000, 3, 87, [&](uint64_t i) { return i % 6 == 0 ? 0 : scale * oracle::uniform(6, i); });
    Workplace place;
    ProfileSpec spec;
    spec.quantiles = {0, 0.05, 0.25, 0.5, 0.75, 0.95, 1};
    const Profiles profiles = profile_table(table, spec, place.env);
    double sum = 0, above = 0;
    for (const double w : table.weights) sum += w, above += w > 0 ? 1 : 0;
    const long double client = std::min(1.0, sum / above);
    for (const size_t c : {0u, 1u, 2u, 5u})
      for (int s = 0; s < 3; ++s) {
        std::vector<std::pair<double, long double>> in;
        long double n = 0, total = 0, square = 0;
        for (size_t i = 0; i < table.labels.size(); ++i) {
          const double x = table.columns[c].values[i];
          if (table.labels[i] != s || x != x || table.weights[i] == 0) continue;
          in.emplace_back(x, table.weights[i]);
          n += table.weights[i], total += table.weights[i] * static_cast<long double>(x);
        }
        const ColumnProfile& found = profiles.segments[static_cast<size_t>(s)].numbers[c];
        if (in.empty()) {
          EXPECT_TRUE(std::isnan(found.mean));
          continue;
        }
        for (const auto& [x, w] : in) square += w * (x - total / n) * (x - total / n);
        const long double sd = std::sqrt(square / n);
        EXPECT_NEAR(found.mean, static_cast<double>(total / n), 1e-9 * static_cast<double>(sd));
        EXPECT_NEAR(found.sd, static_cast<double>(sd), 1e-9 * static_cast<double>(sd));
        std::sort(in.begin(), in.end());
        EXPECT_EQ(found.quantiles.front(), in.front().first);
        EXPECT_EQ(found.quantiles.back(), in.back().first);
        for (size_t p = 1; p + 1 < profiles.quantile_probabilities.size(); ++p) {
          const long double at = std::max(profiles.quantile_probabilities[p] * (n / client - 1), 0.0L);
          const long double low = std::floor(at);
          const double a = value_above(in, low * client), b = value_above(in, (low + 1) * client);
          EXPECT_NEAR(found.quantiles[p], a + static_cast<double>(at - low) * (b - a), 1e-8 * std::fabs(b) + 1e-300)
              << c << " " << s << " " << p;
        }
      }
  }
}

TEST(Profile, RowsWithoutWeightChangeNothingButTheNumbersOfRows) {
  const Table table =
      weighted_table(4000, 3, 88, [](uint64_t i) { return i < 3000 ? 0.5 + oracle::uniform(6, i) : 0; });
  Table fewer = table;
  fewer.labels.resize(3000);
  fewer.weights.resize(3000);
  for (TableColumn& column : fewer.columns) column.values.resize(3000);
  Workplace place;
  Profiles one = profile_table(table, {}, place.env);
  const Profiles two = profile_table(fewer, {}, place.env);
  EXPECT_EQ(one.segments[0].rows + one.segments[1].rows + one.segments[2].rows, 4000);
  const auto copy_rows = [](ColumnProfile& to, const ColumnProfile& from) {
    to.present = from.present;
    to.missing = from.missing;
  };
  for (size_t c = 0; c < two.population.size(); ++c) copy_rows(one.population[c], two.population[c]);
  for (size_t s = 0; s < 3; ++s) {
    one.segments[s].rows = two.segments[s].rows;
    for (size_t c = 0; c < two.population.size(); ++c)
      copy_rows(one.segments[s].numbers[c], two.segments[s].numbers[c]);
  }
  EXPECT_EQ(to_json(one).dump(), to_json(two).dump());
}

TEST(Profile, SameBytesForThreadsPiecesAndRanks) {
  Table table = varied_table(132000, 6, 84);
  for (const bool weighted : {false, true}) {
    if (weighted)
      for (uint64_t i = 0; i < 132000; ++i) table.weights.push_back(i % 9 == 0 ? 0 : oracle::uniform(6, i));
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
}

}  // namespace
}  // namespace clientele::test
