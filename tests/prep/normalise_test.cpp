#include "clientele/prep/normalise.h"

#include "tests/prep/workbench.h"

namespace clientele {
namespace {

constexpr double kGap = NAN;
using Blocks = std::map<std::string, BlockSpec>;

struct Fitted {
  NormaliseFit fit;
  CleanRows rows;
};

Fitted fit_table(const Table& table, const NormaliseSpec& spec, const Blocks& blocks = {},
                 const CleanSpec& clean_spec = {}, const Cut& cut = {}) {
  Fitted out;
  on_ranks(cut, [&](Env& env) {
    MemorySource source = table.source();
    CleanRows rows = clean(source, ids_of(table), clean_spec, env);
    NormaliseFit fit = fit_normaliser(source, rows, spec, blocks, false, env);
    if (env.comm.rank() == 0) out = {std::move(fit), std::move(rows)};
  });
  return out;
}

/// Values of feature j for all rows of the table.
std::vector<double> values_of(const Table& table, const FeatureSpace& space, size_t j) {
  const FeatureTransform& f = space.features[j].transform;
  std::vector<double> out;
  for (const double x : table.columns[static_cast<size_t>(f.source)])
    out.push_back(transform_value(f, space.knots.data(), x));
  return out;
}

double mean_of(const std::vector<double>& values) {
  long double sum = 0;
  for (const double x : values) sum += x;
  return static_cast<double>(sum / static_cast<long double>(values.size()));
}

double variance_of(const std::vector<double>& values) {
  const long double mean = mean_of(values);
  long double sum = 0;
  for (const double x : values) sum += (x - mean) * (x - mean);
  return static_cast<double>(sum / static_cast<long double>(values.size()));
}

NormaliseSpec method(NormaliseSpec::Method m) {
  NormaliseSpec spec;
  spec.method = m;
  return spec;
}

std::vector<std::string> names_of(const FeatureSpace& space) {
  std::vector<std::string> out;
  for (const Feature& f : space.features) out.push_back(f.name);
  return out;
}

TEST(Normalise, ZscoreUsesTheMomentsOfCleaning) {
  Table table;
  table.add("a", {1, 2, 3, 4});
  const Fitted f = fit_table(table, method(NormaliseSpec::Method::zscore));
  ASSERT_EQ(f.fit.space.d(), 1);
  const FeatureTransform& t = f.fit.space.features[0].transform;
  EXPECT_EQ(t.shift, 2.5);
  EXPECT_EQ(t.scale, std::sqrt(1.25));
  EXPECT_TRUE(std::isnan(t.impute));
  EXPECT_EQ(f.fit.space.means, std::vector<double>{0});
}

TEST(Normalise, EachMethodMeetsItsDefinition) {
  Table table;
  table.add("skewed", random_normals(2001, 1));
  table.add("signed", random_normals(2001, 2, 0, 30));
  for (double& x : table.columns[0]) x = std::exp(2 * x);
  for (const auto m : {NormaliseSpec::Method::zscore, NormaliseSpec::Method::log_zscore}) {
    const FeatureSpace space = fit_table(table, method(m)).fit.space;
    for (size_t j = 0; j < 2; ++j) {
      const auto v = values_of(table, space, j);
      EXPECT_NEAR(mean_of(v), 0, 1e-12);
      EXPECT_NEAR(variance_of(v), 1, 1e-12);
    }
  }
  const FeatureSpace logs = fit_table(table, method(NormaliseSpec::Method::log_zscore)).fit.space;
  EXPECT_EQ(logs.features[0].transform.curve, Curve::log1p);
  EXPECT_EQ(logs.features[1].transform.curve, Curve::asinh);
  const FeatureSpace robust = fit_table(table, method(NormaliseSpec::Method::robust)).fit.space;
  for (size_t j = 0; j < 2; ++j) {
    const auto v = values_of(table, robust, j);
    EXPECT_NEAR(quantile_oracle(v, 0.5), 0, 1e-12);
    EXPECT_NEAR(quantile_oracle(v, 0.75) - quantile_oracle(v, 0.25), 1, 1e-12);
  }
  const FeatureSpace minmax = fit_table(table, method(NormaliseSpec::Method::minmax)).fit.space;
  const auto v = values_of(table, minmax, 1);
  EXPECT_EQ(*std::min_element(v.begin(), v.end()), 0);
  EXPECT_EQ(*std::max_element(v.begin(), v.end()), 1);
  const FeatureSpace none = fit_table(table, method(NormaliseSpec::Method::none)).fit.space;
  EXPECT_EQ(values_of(table, none, 1), table.columns[1]);
}

TEST(Normalise, QuantileGivesNormalScores) {
  Table table;
  table.add("a", random_normals(5000, 1));
  for (double& x : table.columns[0]) x = std::exp(3 * x);
  NormaliseSpec spec = method(NormaliseSpec::Method::quantile);
  spec.quantile_knots = 500;
  const Fitted f = fit_table(table, spec);
  EXPECT_EQ(f.fit.space.knots.size(), 500u);
  EXPECT_EQ(f.fit.space.knots[0], quantile_oracle(table.columns[0], 0));
  EXPECT_EQ(f.fit.space.knots[250], quantile_oracle(table.columns[0], 250.0 / 499.0));
  const auto v = values_of(table, f.fit.space, 0);
  EXPECT_NEAR(mean_of(v), 0, 0.01);
  EXPECT_NEAR(variance_of(v), 1, 0.05);
  EXPECT_NEAR(quantile_oracle(v, 0.975), 1.96, 0.01);
  const Table few = [] {
    Table t;
    t.add("a", {3, 1, 2});
    return t;
  }();
  EXPECT_EQ(fit_table(few, spec).fit.space.knots, (std::vector<double>{1, 2, 3}));
}

TEST(Normalise, AColumnsOwnTransformGoesBeforeTheMethod) {
  Table table;
  table.add("a", {0, 1, 3, 7}).transform = ColumnTransform::log1p;
  table.add("b", {-2, 0, 1, 5}).transform = ColumnTransform::asinh;
  table.add("c", {1, 2, 4, 9}).transform = ColumnTransform::none;
  const FeatureSpace space = fit_table(table, method(NormaliseSpec::Method::minmax)).fit.space;
  EXPECT_NEAR(values_of(table, space, 0)[1], 1.0 / 3, 1e-15);
  EXPECT_EQ(space.features[1].transform.curve, Curve::asinh);
  const FeatureSpace logs = fit_table(table, method(NormaliseSpec::Method::log_zscore)).fit.space;
  EXPECT_EQ(logs.features[2].transform.curve, Curve::none);
  table.columns[0][0] = -1;
  EXPECT_EQ(error_of([&] { fit_table(table, {}); }).kind(), ErrorKind::input);
}

TEST(Normalise, WinsorisesAfterTheCurveAndDropsWhatBecomesConstant) {
  Table table;
  table.add("a", random_normals(1001, 3)).transform = ColumnTransform::asinh;
  table.columns[0][17] = 1e9;
  std::vector<double> rare(1001, 0);
  rare[5] = 1;
  table.add("rare", rare);
  NormaliseSpec spec;
  spec.winsorise = {0.01, 0.99};
  const Fitted f = fit_table(table, spec);
  ASSERT_EQ(f.fit.space.d(), 1);
  const FeatureTransform& t = f.fit.space.features[0].transform;
  std::vector<double> curved = table.columns[0];
  for (double& x : curved) x = exact::asinh(x);
  EXPECT_EQ(t.low, quantile_oracle(curved, 0.01));
  EXPECT_EQ(t.high, quantile_oracle(curved, 0.99));
  const auto v = values_of(table, f.fit.space, 0);
  EXPECT_NEAR(mean_of(v), 0, 1e-12);
  EXPECT_NEAR(variance_of(v), 1, 1e-12);
  ASSERT_EQ(f.fit.report["dropped"].size(), 1u);
  EXPECT_EQ(f.fit.report["dropped"][0]["column"], "rare");
  spec.winsorise = {0.9, 0.1};
  EXPECT_EQ(error_of([&] { fit_table(table, spec); }).kind(), ErrorKind::usage);
}

TEST(Normalise, RobustFallsBackToTheDeviationAndSaysSo) {
  Table table;
  std::vector<double> mostly(100, 4);
  mostly[1] = 10;
  table.add("mostly", mostly);
  const Fitted f = fit_table(table, method(NormaliseSpec::Method::robust));
  EXPECT_NEAR(f.fit.space.features[0].transform.scale, std::sqrt(variance_of(mostly)), 1e-12);
  EXPECT_EQ(f.fit.report["features"][0]["method"], "robust, by the standard deviation: the interquartile range is 0");
}

TEST(Normalise, ImputesByPolicyAndIndicates) {
  Table table;
  table.add("median", {1, kGap, 2, 10, kGap}).missing_indicator = true;
  table.add("mean", {1, kGap, 2, 9, kGap}).missing = MissingPolicy::mean;
  table.add("zero", {1, kGap, 2, 9, kGap}).missing = MissingPolicy::zero;
  table.add("curved mean", {0, kGap, 1, 3, kGap}).missing = MissingPolicy::mean;
  table.schema.columns[3].transform = ColumnTransform::log1p;
  const Fitted f = fit_table(table, {});
  EXPECT_EQ(names_of(f.fit.space),
            (std::vector<std::string>{"median", "median missing", "mean", "zero", "curved mean"}));
  EXPECT_EQ(f.fit.space.features[0].transform.impute, 2);
  EXPECT_EQ(f.fit.space.features[2].transform.impute, 4);
  EXPECT_EQ(f.fit.space.features[3].transform.impute, 0);
  EXPECT_NEAR(f.fit.space.features[4].transform.impute, std::log(2.0), 1e-15);
  for (size_t j = 0; j < 5; ++j) {
    const auto v = values_of(table, f.fit.space, j);
    EXPECT_NEAR(mean_of(v), 0, 1e-14) << j;
    EXPECT_NEAR(variance_of(v), 1, 1e-14) << j;
  }
  EXPECT_EQ(f.fit.report["features"][0]["imputed"], 2);
  EXPECT_EQ(f.fit.report["features"][0]["imputed_by"], 2);
}

TEST(Normalise, CategoriesBecomeUnitRowsAndTheRareOnesGoTogether) {
  Table table;
  Column& channel = table.add("channel", {0, 2, 2, kGap, 3, 3, 3, 4});
  channel.kind = ColumnKind::category;
  channel.categories = {"app", "mail", "phone", "shop", "web"};
  table.add("a", {1, 2, 3, 4, 5, 6, 7, 8});
  FeatureSpace space = fit_table(table, {}).fit.space;
  EXPECT_EQ(names_of(space),
            (std::vector<std::string>{"channel=app", "channel=phone", "channel=shop", "channel=web", "a"}));
  EXPECT_EQ(values_of(table, space, 1), (std::vector<double>{0, 1, 1, 0, 0, 0, 0, 0}));
  NormaliseSpec spec;
  spec.max_categories = 3;
  space = fit_table(table, spec).fit.space;
  EXPECT_EQ(names_of(space), (std::vector<std::string>{"channel=phone", "channel=shop", "channel=(other)", "a"}));
  EXPECT_EQ(values_of(table, space, 2), (std::vector<double>{1, 0, 0, 0, 0, 0, 0, 1}));
}

TEST(Normalise, BlocksCarryTheirWeightWhateverTheyHold) {
  Table table;
  table.add("a", random_normals(500, 1)).block = "value";
  table.add("b", random_normals(500, 2, 5, 100)).block = "value";
  table.add("c", random_normals(500, 3)).block = "timing";
  Column& flag = table.add("d", random_normals(500, 4));
  flag.kind = ColumnKind::category;
  flag.categories = {"no", "yes"};
  for (double& x : table.columns[3]) x = x > 0 ? 1 : 0;
  const Blocks blocks = {{"value", {3}}, {"timing", {0.5}}};
  const Fitted f = fit_table(table, {}, blocks);
  std::map<std::string, double> total;
  for (size_t j = 0; j < f.fit.space.features.size(); ++j)
    total[f.fit.space.features[j].block] += variance_of(values_of(table, f.fit.space, j));
  EXPECT_NEAR(total["value"], 3, 1e-12);
  EXPECT_NEAR(total["timing"], 0.5, 1e-12);
  EXPECT_NEAR(total[""], 1, 1e-12);
  EXPECT_EQ(f.fit.report["blocks"].size(), 3u);
  // One declared block only: no block scaling.
  const Fitted single = fit_table(table, {}, {{"value", {3}}});
  EXPECT_EQ(single.fit.space.features[0].transform.factor, 1);
  // A block of weight 0 describes only.
  const Fitted idle = fit_table(table, {}, {{"value", {3}}, {"timing", {0}}});
  EXPECT_EQ(names_of(idle.fit.space), (std::vector<std::string>{"a", "b", "d=no", "d=yes"}));
}

TEST(Normalise, ColumnWeightsActInsideTheirBlock) {
  Table table;
  table.add("a", random_normals(500, 1)).weight = 4;
  table.add("b", random_normals(500, 2)).weight = 0;
  table.add("c", random_normals(500, 3));
  const Fitted f = fit_table(table, {});
  EXPECT_EQ(names_of(f.fit.space), (std::vector<std::string>{"a", "c"}));
  EXPECT_NEAR(variance_of(values_of(table, f.fit.space, 0)), 4, 1e-12);
  table.schema.columns[0].weight = -1;
  EXPECT_EQ(error_of([&] { fit_table(table, {}); }).kind(), ErrorKind::usage);
}

/// Squared distances between the first rows.
std::vector<double> distances(const Table& table, const FeatureSpace& space) {
  std::vector<std::vector<double>> features;
  for (size_t j = 0; j < space.features.size(); ++j) features.push_back(values_of(table, space, j));
  std::vector<double> out;
  for (size_t i = 0; i < 20; ++i)
    for (size_t k = 0; k < i; ++k) {
      double d2 = 0;
      for (const auto& f : features) d2 += (f[i] - f[k]) * (f[i] - f[k]);
      out.push_back(d2);
    }
  return out;
}

TEST(Normalise, ScaleAndRepetitionLeaveTheGeometryAlone) {
  Table table;
  table.add("a", random_normals(500, 1)).block = "x";
  table.add("b", random_normals(500, 2)).block = "x";
  table.add("c", random_normals(500, 3)).block = "y";
  const Blocks blocks = {{"x", {2}}, {"y", {1}}};
  const auto expected = distances(table, fit_table(table, {}, blocks).fit.space);
  Table scaled = table;
  for (double& x : scaled.columns[1]) x *= 1024;
  EXPECT_EQ(distances(scaled, fit_table(scaled, {}, blocks).fit.space), expected);
  for (double& x : scaled.columns[1]) x *= 1000;
  Table doubled = table;
  doubled.add("a again", table.columns[0]).block = "x";
  doubled.add("b again", table.columns[1]).block = "x";
  const auto of_scaled = distances(scaled, fit_table(scaled, {}, blocks).fit.space);
  const auto of_doubled = distances(doubled, fit_table(doubled, {}, blocks).fit.space);
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(of_scaled[i], expected[i], 1e-12 * expected[i]);
    EXPECT_NEAR(of_doubled[i], expected[i], 1e-12 * expected[i]);
  }
  Table profiled = table;
  profiled.add("age", random_normals(500, 9)).role = ColumnRole::profile;
  EXPECT_EQ(distances(profiled, fit_table(profiled, {}, blocks).fit.space), expected);
}

TEST(Normalise, IsTheSameForEveryCut) {
  Table table;
  table.add("a", random_normals(4 * 65536 + 77, 1)).transform = ColumnTransform::asinh;
  table.add("b", random_normals(4 * 65536 + 77, 2)).missing = MissingPolicy::mean;
  for (size_t i = 0; i < table.columns[1].size(); i += 7) table.columns[1][i] = NAN;
  NormaliseSpec spec;
  spec.winsorise = {0.001, 0.999};
  const FeatureSpace expected = fit_table(table, spec, {}, {}, kCuts[0]).fit.space;
  for (const Cut& cut : kCuts) {
    const FeatureSpace space = fit_table(table, spec, {}, {}, cut).fit.space;
    for (size_t j = 0; j < 2; ++j) {
      const FeatureTransform &x = space.features[j].transform, &y = expected.features[j].transform;
      EXPECT_EQ((std::vector<uint64_t>{bits(x.shift), bits(x.scale), bits(x.low), bits(x.high)}),
                (std::vector<uint64_t>{bits(y.shift), bits(y.scale), bits(y.low), bits(y.high)}));
    }
    EXPECT_EQ(bits(space.features[1].transform.impute), bits(expected.features[1].transform.impute));
  }
}

}  // namespace
}  // namespace clientele
