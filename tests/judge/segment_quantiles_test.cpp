#include "src/judge/segment_quantiles.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/judge/profile_fixture.h"
#include "tests/support/row_makers.h"

namespace clientele::test {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<double> sorted(const Table& table, size_t column, int group) {
  std::vector<double> out;
  for (size_t i = 0; i < table.labels.size(); ++i) {
    const double x = table.columns[column].values[i];
    const size_t times = table.weights.empty() ? 1 : static_cast<size_t>(table.weights[i]);
    if ((group == table.k || table.labels[i] == group) && x == x) out.insert(out.end(), times, x);
  }
  std::sort(out.begin(), out.end());
  return out;
}

/// All quantiles with at most `budget` values kept at a time.
void expect_exact(const Table& table, int64_t budget, Env& env) {
  Schema schema;
  std::vector<std::vector<double>> values;
  std::vector<int> columns;
  CleanRows clean;
  clean.source_rows = clean.kept = table.rows();
  for (const TableColumn& column : table.columns) {
    columns.push_back(static_cast<int>(columns.size()));
    schema.columns.push_back(column.column);
    values.push_back(column.values);
    clean.moments.emplace_back();
  }
  if (!table.weights.empty()) {
    schema.columns.emplace_back();
    schema.columns.back().role = ColumnRole::weight;
    values.push_back(table.weights);
    clean.moments.emplace_back();
  }
  IdColumn ids;
  ids.rows = table.rows();
  MemorySource source(schema, values, ids);
  const RowRange range = rank_rows(table.rows(), env.comm.rank(), env.comm.size());
  RowBlocks rows;
  rows.first_row = range.first;
  rows.weighted = !table.weights.empty();
  const std::span<const int32_t> labels =
      std::span(table.labels).subspan(static_cast<size_t>(range.first), static_cast<size_t>(range.last - range.first));
  const LabelledRows labelled(source, clean, rows, labels, table.k, env);
  const std::vector<double> probabilities = {0, 0.01, 0.3, 0.5, 0.9, 1};
  SegmentQuantiles quantiles(labelled, columns, probabilities, budget);
  std::vector<GroupedValues> grouped(static_cast<size_t>(env.pool.threads()));
  labelled.walk(columns, [&](const LabelledPiece& piece) {
    for (int c = 0; c < static_cast<int>(columns.size()); ++c) {
      GroupedValues& mine = grouped[static_cast<size_t>(piece.worker)];
      piece.group(c, mine);
      quantiles.count(piece.worker, c, mine);
    }
  });
  quantiles.solve();
  for (size_t c = 0; c < columns.size(); ++c)
    for (int group = 0; group <= table.k; ++group) {
      const std::vector<double> x = sorted(table, c, group);
      const std::vector<double> found = quantiles.of(static_cast<int>(c), group);
      for (size_t p = 0; p < probabilities.size(); ++p) {
        if (x.empty()) {
          EXPECT_TRUE(std::isnan(found[p]));
          continue;
        }
        const double h = probabilities[p] * static_cast<double>(x.size() - 1);
        const size_t low = static_cast<size_t>(h);
        const double f = h - static_cast<double>(low);
        EXPECT_EQ(found[p], f > 0 ? std::fma(f, x[low + 1] - x[low], x[low]) : x[low])
            << table.columns[c].column.name << " group " << group << " p " << probabilities[p] << " budget " << budget;
      }
    }
}

TEST(SegmentQuantiles, AreExactWhateverTheBudget) {
  Table table = varied_table(8000, 3, 91);
  Workplace place;
  for (const int64_t budget : {0, 1, 100, 5000, 1 << 23}) expect_exact(table, budget, place.env);
  for (int i = 0; i < 8000; ++i) table.weights.push_back(i % 5 == 0 ? 0 : i % 71);  // whole ones
  for (const int64_t budget : {0, 100, 5000, 1 << 23}) expect_exact(table, budget, place.env);
}

TEST(SegmentQuantiles, AreExactOnSortedData) {
  // The sample of blocks says nothing about the rest: rows ascend over many blocks.
  Table table;
  table.k = 2;
  TableColumn column;
  column.column.name = "time";
  for (int64_t i = 0; i < 600000; ++i) {
    table.labels.push_back(i % 3 == 0 ? 1 : 0);
    column.values.push_back(std::floor(static_cast<double>(i) / 3));
  }
  table.columns = {column};
  Workplace place;
  expect_exact(table, 2000, place.env);
}

TEST(SegmentQuantiles, AreExactOverRanks) {
  Table table = varied_table(132000, 3, 92);
  table.columns.erase(table.columns.begin() + 4, table.columns.end());
  for (const int64_t budget : {20000, 1 << 23})
    on_ranks(3, {.threads = 1}, [&](Env& env) { expect_exact(table, budget, env); });
}

TEST(ValueBins, BinsNeverFallAndKnowTheirFirstKey) {
  std::vector<std::vector<double>> samples = {{}, {5}, {-1e308, 1e308, 0}, {0, 5e-324, 1e-310, 1}};
  for (const TableColumn& column : varied_table(2000, 2, 93).columns) {
    samples.emplace_back();
    for (const double x : column.values)
      if (x == x) samples.back().push_back(x);
  }
  for (const std::vector<double>& sample : samples)
    for (const int count : {1, 2, 16, 700}) {
      const ValueBins bins(sample, count);
      std::vector<double> probes = {-1e308, -1, 0, 1e-300, 3.5, 1e308};
      for (const double x : sample)
        probes.insert(probes.end(), {x, std::nextafter(x, kInfinity), std::nextafter(x, -kInfinity)});
      std::sort(probes.begin(), probes.end());
      int last = 0;
      for (const double x : probes) {
        const int bin = bins.bin(x);
        ASSERT_TRUE(last <= bin && bin < count) << x;
        last = bin;
      }
      for (const double x : {probes.front(), probes[probes.size() / 2], probes.back()}) {
        const int bin = bins.bin(x);
        ASSERT_LE(bins.first_key(bin), ordered_key(x));
        ASSERT_GT(bins.first_key(bin + 1), ordered_key(x));
        if (bins.first_key(bin) > ordered_key(-1.7e308)) {
          ASSERT_LT(bins.bin(ordered_value(bins.first_key(bin) - 1)), bin);
        }
      }
    }
}

TEST(ValueBins, SplitsAtFrequentValues) {
  std::vector<double> sample(1000, 7.0);
  for (int i = 0; i < 500; ++i) sample.push_back(i);
  const ValueBins bins(sample, 50);
  EXPECT_EQ(bins.frequent()[static_cast<size_t>(bins.bin(7))], 7);
  const std::vector<uint64_t> edges = bins.split(ordered_key(0), ordered_key(1000));
  const auto at = std::find(edges.begin(), edges.end(), ordered_key(7));
  ASSERT_TRUE(at != edges.end());
  EXPECT_EQ(at[1], ordered_key(7) + 1);
  EXPECT_TRUE(std::is_sorted(edges.begin(), edges.end()));
  EXPECT_EQ(edges.front(), ordered_key(0));
  EXPECT_EQ(edges.back(), ordered_key(1000));
}

TEST(ValueBins, SplitsEquallyWhereTheSampleIsSilent) {
  const ValueBins bins({1, 2}, 4);
  EXPECT_EQ(bins.split(10, 12), (std::vector<uint64_t>{10, 11, 12}));
  const std::vector<uint64_t> edges = bins.split(0, uint64_t{1} << 40);
  EXPECT_GT(edges.size(), 200u);
  EXPECT_LE(edges.size(), 257u);
}

}  // namespace
}  // namespace clientele::test
