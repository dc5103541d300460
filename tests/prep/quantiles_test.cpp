#include "tests/prep/workbench.h"

namespace clientele {
namespace {

/// Skewed, tied, signed, tiny, constant and partly missing columns.
Table awkward_table(size_t n) {
  Table table;
  std::mt19937_64 engine(5);
  table.add("normal", random_normals(n, 1));
  table.add("skewed", random_normals(n, 2));
  table.add("tied", random_normals(n, 3));
  table.add("gaps", random_normals(n, 4, 1e6, 1));
  table.add("same", std::vector<double>(n, 3.5));
  table.add("tiny", random_normals(n, 5, 0, 1e-310));
  for (size_t i = 0; i < n; ++i) {
    table.columns[1][i] = std::exp(4 * table.columns[1][i]);
    table.columns[2][i] = std::floor(table.columns[2][i]);
    if (engine() % 3 == 0) table.columns[3][i] = NAN;
  }
  return table;
}

CleanRows all_rows(const Table& table, Env& env) {
  MemorySource source = table.source();
  CleanSpec spec;
  spec.constant = CleanSpec::Constant::keep;
  return clean(source, ids_of(table), spec, env);
}

const std::vector<double> kFew = {0, 0.001, 0.25, 0.5, 0.75, 0.999, 1};

std::vector<double> many() {
  std::vector<double> out;
  for (int i = 0; i <= 200; ++i) out.push_back(i / 200.0);
  return out;
}

// One size above the length from which columns are counted and not sorted, the others below.
TEST(ExactQuantiles, EqualThoseOfSortedValues) {
  const std::vector<int> columns = {0, 1, 2, 3, 4, 5};
  for (const size_t n : {1u, 2u, 3u, 5u, 1000u, 265000u}) {
    const Table table = awkward_table(n);
    const auto comm = make_single_comm();
    Workbench bench(*comm);
    MemorySource source = table.source();
    CleanRows rows;
    if (n < 100) {  // too few to clean: gaps may fill a column
      rows.source_rows = rows.kept = table.rows();
      for (const auto& values : table.columns) {
        MomentLanes lanes;
        lanes.add(0, values);
        rows.moments.push_back(lanes.close());
      }
    } else {
      rows = all_rows(table, bench.env);
    }
    for (const auto& at : {kFew, many()}) {
      const auto found = exact_quantiles(source, rows, columns, {}, at, bench.env);
      for (size_t c = 0; c < columns.size(); ++c) {
        const std::vector<double> sorted = sorted_present(table.columns[c]);
        for (size_t i = 0; i < at.size(); ++i) {
          if (sorted.empty())
            EXPECT_TRUE(std::isnan(found[c][i]));
          else
            EXPECT_EQ(found[c][i], sorted_quantile(sorted, at[i])) << n << " " << c << " " << at[i];
        }
      }
    }
  }
}

TEST(ExactQuantiles, AreTheSameForEveryCut) {
  const Table wide = awkward_table(4 * 65536 + 1000);
  Table table;
  table.add("skewed", wide.columns[1]);
  table.add("gaps", wide.columns[3]);
  const std::vector<int> columns = {0, 1};
  const std::vector<Curve> curves = {Curve::log1p, Curve::none};
  for (const Cut& cut : kCuts)
    on_ranks(cut, [&](Env& env) {
      MemorySource source = table.source();
      const CleanRows rows = all_rows(table, env);
      const std::vector<double> at = {0.25, 0.5};
      const auto found = exact_quantiles(source, rows, columns, curves, at, env);
      std::vector<double> curved = table.columns[0];
      for (double& x : curved) x = exact::log1p(x);
      EXPECT_EQ(found[0][0], quantile_oracle(curved, 0.25));
      EXPECT_EQ(found[1][1], quantile_oracle(table.columns[1], 0.5));
    });
}

}  // namespace
}  // namespace clientele
