#include "clientele/prep/row_blocks.h"

#include "tests/prep/workbench.h"

namespace clientele {
namespace {

/// What a job's rows come to: everything that the engine sees.
struct Rows {
  std::vector<float> values;  ///< n x d
  std::vector<double> scales, variances, means;
  int weight_bits = 0;
};

FeatureSpace fit_space(Source& source, const CleanRows& rows, bool spherical, Env& env,
                       NormaliseSpec::Method method = NormaliseSpec::Method::zscore) {
  NormaliseSpec spec;
  spec.method = method;
  return fit_normaliser(source, rows, spec, {}, spherical, env).space;
}

void fetch_into(RowBlocks& blocks, Env& env, std::vector<float>& values) {
  const int64_t d = blocks.d;
  blocks.each([&](RowBlock& block) {
    std::vector<int64_t> local(static_cast<size_t>(block.rows()));
    for (size_t i = 0; i < local.size(); ++i) local[i] = static_cast<int64_t>(i);
    env.backend.sample_ops().fetch(block, local, {values.data() + block.first_row() * d, block.rows(), d});
  });
}

Rows make_rows(const Table& table, const Cut& cut, bool spherical = false, int weight_column = -1) {
  Rows out;
  std::vector<float> values;
  on_ranks({.threads = 1, .ranks = 1}, [&](Env& env) {  // d is known only after fitting
    MemorySource source = table.source();
    const CleanRows rows = clean(source, ids_of(table), {}, env);
    values.resize(static_cast<size_t>(rows.kept * fit_space(source, rows, spherical, env).d()));
  });
  on_ranks(cut, [&](Env& env) {
    MemorySource source = table.source();
    const CleanRows rows = clean(source, ids_of(table), {}, env);
    FeatureSpace space = fit_space(source, rows, spherical, env);
    RowBlocks blocks = make_row_blocks(source, rows, space, true, weight_column, env);
    fetch_into(blocks, env, values);
    EXPECT_EQ(space.means, blocks.means);
    if (env.comm.rank() == 0) out = {{}, blocks.scales, blocks.variances, blocks.means, blocks.weight_bits};
  });
  out.values = values;
  return out;
}

TEST(RowBlocks, HoldCentredFeaturesAndTheirScales) {
  Table table;
  table.add("a", {1, 2, 3, 4, 90});
  table.add("b", {-5, 0, NAN, 1, 2});
  const auto comm = make_single_comm();
  Workbench bench(*comm);
  MemorySource source = table.source();
  const CleanRows rows = clean(source, ids_of(table), {}, bench.env);
  FeatureSpace space = fit_space(source, rows, false, bench.env);
  RowBlocks blocks = make_row_blocks(source, rows, space, true, -1, bench.env);
  EXPECT_EQ(blocks.total_rows, 5);
  std::vector<float> values(10);
  fetch_into(blocks, bench.env, values);
  for (size_t j = 0; j < 2; ++j) {
    std::vector<double> features;
    for (const double x : table.columns[j])
      features.push_back(to_feature(transform_value(space.features[j].transform, nullptr, x)));
    MomentLanes lanes;
    lanes.add(0, features);
    const Moments m = lanes.close();
    EXPECT_EQ(space.means[j], m.mean);
    EXPECT_EQ(blocks.variances[j], m.variance());
    float largest = 0;
    for (size_t i = 0; i < 5; ++i) {
      EXPECT_EQ(values[i * 2 + j], to_feature(features[i] - m.mean));
      largest = std::max(largest, std::abs(values[i * 2 + j]));
    }
    EXPECT_EQ(blocks.scales[j], fixed_scale(fixed_exponent(largest)));
  }
}

TEST(RowBlocks, SphericalRowsHaveUnitLength) {
  Table table;
  table.add("a", random_normals(1000, 1));
  table.add("b", random_normals(1000, 2));
  const Rows rows = make_rows(table, {}, true);
  EXPECT_EQ(rows.means, (std::vector<double>{0, 0}));
  for (size_t i = 0; i < 1000; ++i) EXPECT_NEAR(std::hypot(rows.values[2 * i], rows.values[2 * i + 1]), 1, 1e-6);
  EXPECT_NEAR(rows.variances[0] + rows.variances[1], 1, 0.02);
}

TEST(RowBlocks, ScoreWithTheModelsMeans) {
  Table table;
  table.add("a", {1, 2, 3, 4, 90});
  const auto comm = make_single_comm();
  Workbench bench(*comm);
  MemorySource source = table.source();
  const CleanRows rows = clean(source, ids_of(table), {}, bench.env);
  FeatureSpace space = fit_space(source, rows, false, bench.env, NormaliseSpec::Method::none);
  space.means = {2};
  RowBlocks blocks = make_row_blocks(source, rows, space, false, -1, bench.env);
  std::vector<float> values(5);
  fetch_into(blocks, bench.env, values);
  EXPECT_EQ(values, (std::vector<float>{-1, 0, 1, 2, 88}));
}

TEST(RowBlocks, WeightsBecomeIntegers) {
  Table table;
  table.add("a", random_normals(100, 1));
  std::vector<double> weights(100, 0.5);
  weights[7] = 0;
  weights[9] = 3;
  table.add("w", weights).role = ColumnRole::weight;
  const Rows rows = make_rows(table, {}, false, 1);
  EXPECT_EQ(rows.weight_bits, weight_bits(98 * 0.5 + 3, 100));
  // The unit of weights does not matter.
  for (size_t i = 0; i < 100; ++i) table.columns[1][i] = weights[i] * 0x1p-40;
  EXPECT_EQ(make_rows(table, {}, false, 1).weight_bits, rows.weight_bits + 40);
  // Weights do not touch the features.
  Table plain = table;
  plain.schema.columns[1].role = ColumnRole::profile;
  EXPECT_EQ(make_rows(plain, {}).values, rows.values);
}

TEST(RowBlocks, NameTheRowAndFeatureOfABadValue) {
  Table table;
  table.add("a", {1, 2, 3, 4, 5, 6});
  table.add("b", {1, 2, 3, 4, 5, 7});
  table.ids = integer_ids({1, 1, 2, 3, 4, 5});  // row 1 goes, so that kept and source rows differ
  const auto comm = make_single_comm();
  Workbench bench(*comm);
  MemorySource source = table.source();
  CleanRows rows = clean(source, table.ids, {}, bench.env);
  FeatureSpace space = fit_space(source, rows, false, bench.env);
  table.columns[1][4] = NAN;  // a file to be scored, with a gap that training did not have
  table.columns[0][5] = NAN;
  MemorySource other = table.source();
  const Error error = error_of([&] { make_row_blocks(other, rows, space, false, -1, bench.env); });
  EXPECT_EQ(error.kind(), ErrorKind::input);
  EXPECT_EQ(error.complaint().where, "row 4, feature b");
  EXPECT_EQ(error.complaint().found, "2 that are not, this one first");
}

TEST(RowBlocks, RefuseAColumnThatAnOutlierWouldBlur) {
  const auto refused_with = [](int64_t tables_bytes, double outlier, const std::vector<double>& most) {
    Table table;
    table.add("a", random_normals(most.size(), 1));
    table.add("b", most);
    table.columns[1][3] = outlier;
    try {
      make_rows(table, {.tables_bytes = tables_bytes});
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::input);
      EXPECT_EQ(error.complaint().where, "feature b");
      return true;
    }
    return false;
  };
  const auto refused = [&](double outlier, const std::vector<double>& most) {
    const bool found = refused_with(0, outlier, most);
    EXPECT_EQ(refused_with(1, outlier, most), found) << "with tables of one feature at a time";
    return found;
  };
  // The interquartile range of standard normals is 1.349: 2^24 times it is 2.26e7.
  const auto normals = random_normals(4000, 2);
  EXPECT_FALSE(refused(2.2e7, normals));
  EXPECT_TRUE(refused(2.4e7, normals));
  EXPECT_TRUE(refused(1e12, normals));
  EXPECT_TRUE(refused(1e30, normals));  // blurs the others so far that they seem equal
  // A range of 0: the deviation counts, which one outlier among few rows raises enough.
  EXPECT_FALSE(refused(1e12, std::vector<double>(4000, 1)));
  // 60 % zeros: the first quartile is among them, the third is not.
  std::vector<double> zeros = normals;
  for (size_t i = 0; i < zeros.size(); ++i) zeros[i] = i % 10 < 6 ? 0 : std::abs(zeros[i]);
  EXPECT_FALSE(refused(1e5, zeros));
  EXPECT_TRUE(refused(1e12, zeros));
  // 74 % zeros: the third quartile lies just beyond them.
  for (size_t i = 0; i < zeros.size(); ++i) zeros[i] = i % 100 < 74 ? 0 : 1e-3 + 1e-4 * static_cast<double>(i);
  EXPECT_FALSE(refused(1e3, zeros));
  EXPECT_TRUE(refused(1e8, zeros));
}

TEST(RowBlocks, AreTheSameForEveryCut) {
  Table table;
  table.add("a", random_normals(4 * 65536 + 345, 1, 1000, 0.01));
  table.add("b", random_normals(4 * 65536 + 345, 2));
  table.add("w", random_normals(4 * 65536 + 345, 3, 10, 1)).role = ColumnRole::weight;
  for (const bool spherical : {false, true}) {
    const Rows expected = make_rows(table, kCuts[0], spherical, 2);
    std::vector<Cut> cuts(kCuts.begin() + 1, kCuts.end());
    cuts.push_back({.threads = 2, .features_bytes = 1, .tables_bytes = 1});
    for (const Cut& cut : cuts) {
      const Rows rows = make_rows(table, cut, spherical, 2);
      EXPECT_TRUE(rows.values == expected.values);
      EXPECT_EQ(rows.scales, expected.scales);
      EXPECT_EQ(rows.means, expected.means);
      EXPECT_EQ(rows.variances, expected.variances);
      EXPECT_EQ(rows.weight_bits, expected.weight_bits);
    }
  }
}

/// Features for scoring are made from the source when they are asked for; nothing is written.
TEST(RowBlocks, ScoredRowsLargerThanMemoryAreTheSame) {
  constexpr int64_t kRows = 3 * 65536 + 99;
  Table table;
  table.add("a", random_normals(kRows, 1));
  table.add("b", random_normals(kRows, 2));
  const auto comm = make_single_comm();
  std::vector<float> expected(2 * kRows), found(2 * kRows), again(2 * kRows);
  for (const int64_t limit : {int64_t{0}, int64_t{1}}) {
    Workbench bench(*comm, {.threads = 2, .features_bytes = limit});
    MemorySource source = table.source();
    const CleanRows rows = clean(source, ids_of(table), {}, bench.env);
    FeatureSpace space = fit_space(source, rows, false, bench.env);
    space.means = {0.25, -1};
    RowBlocks blocks = make_row_blocks(source, rows, space, false, -1, bench.env);
    fetch_into(blocks, bench.env, limit == 0 ? expected : found);
    if (limit == 0) continue;
    ASSERT_NE(blocks.pages, nullptr);
    EXPECT_EQ(blocks.traffic().bytes_written, 0);
    fetch_into(blocks, bench.env, again);
    EXPECT_EQ(blocks.means, space.means);
    table.columns[1][2 * 65536 + 1] = NAN;
    MemorySource other = table.source();
    RowBlocks bad = make_row_blocks(other, rows, space, false, -1, bench.env);
    const Error error = error_of([&] { fetch_into(bad, bench.env, again); });
    EXPECT_EQ(error.complaint().where, "row 131073, feature b");
  }
  EXPECT_TRUE(found == expected);
}

}  // namespace
}  // namespace clientele
