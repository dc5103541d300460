// Statistics, digits and changes of rows against the oracle, byte for byte.
#include <algorithm>
#include <cmath>

#include "tests/contract/backend_contract.h"

namespace clientele::contract {

namespace {

void expect_same(const Moments& found, const Moments& expected) {
  EXPECT_EQ(found.present, expected.present);
  EXPECT_EQ(found.missing, expected.missing);
  EXPECT_EQ(found.infinite, expected.infinite);
  EXPECT_SAME_BYTES((std::vector{found.mean, found.m2, found.min, found.max}),
                    (std::vector{expected.mean, expected.m2, expected.min, expected.max}));
}

/// n x 4, column-major: finite, with gaps, with infinities, all missing.
std::vector<double> columns(int64_t n) {
  std::vector<double> values;
  for (int c = 0; c < 4; ++c) {
    for (int64_t i = 0; i < n; ++i) {
      const double x = 100 * oracle::uniform(uint64_t(c), uint64_t(i)) - 30;
      const bool missing = c == 3 || (c == 1 && (i < 3 || i % 97 == 5));
      values.push_back(missing ? NAN : c == 2 && i % 201 == 200 ? (i % 2 == 0 ? HUGE_VAL : -HUGE_VAL) : x);
    }
  }
  return values;
}

std::vector<float> fetch_all(Backend& backend, const RowBlock& rows) {
  std::vector<int64_t> local;
  for (int64_t i = 0; i < rows.rows(); ++i) local.push_back(i);
  std::vector<float> values(size_t(rows.rows()) * size_t(rows.d()));
  backend.sample_ops().fetch(rows, local, {values.data(), rows.rows(), rows.d()});
  return values;
}

}  // namespace

TEST_P(BackendContract, MomentsEqualOracleInPiecesOfAnySize) {
  for (const int64_t n : {1, 63, 64, 700, 65536}) {
    const std::vector<double> values = columns(n);
    for (const int64_t piece : {n, int64_t{100}}) {
      auto pass = backend().column_ops().start_moments(4);
      const ColumnsView<const double> all{values.data(), n, 4, n};
      for (int64_t begin = 0; begin < n; begin += piece * (n > 1000 && piece < n ? 137 : 1)) {
        const int64_t step = piece * (n > 1000 && piece < n ? 137 : 1);
        pass->add(begin, all.slice(begin, std::min(step, n - begin)));
      }
      const auto found = pass->finish();
      for (int c = 0; c < 4; ++c) expect_same(found[size_t(c)], oracle::moments(all.column(c)));
    }
  }
}

TEST_P(BackendContract, RowMomentsEqualOracle) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(oracle::name(c.shape));
    auto rows = load(c.rows);
    std::vector<std::vector<Moments>> blocks;
    backend().column_ops().row_moments(*rows, blocks);
    ASSERT_EQ(int64_t(blocks.size()), (c.rows.n + 65535) / 65536);
    for (size_t b = 0; b < blocks.size(); ++b) {
      for (int j = 0; j < c.shape.d; ++j) {
        std::vector<double> column;
        for (int64_t i = int64_t(b) * 65536; i < std::min(c.rows.n, int64_t(b + 1) * 65536); ++i)
          column.push_back(double(c.rows.row(i)[j]));
        expect_same(blocks[b][size_t(j)], oracle::moments(column));
      }
    }
  }
}

TEST_P(BackendContract, DigitsAreCounted) {
  const int64_t n = 1500;
  const std::vector<double> values = columns(n);
  const ColumnsView<const double> all{values.data(), n, 4, n};
  for (int level = 0; level < 4; ++level) {
    std::vector<uint64_t> prefix;
    for (int c = 0; c < 4; ++c)
      for (const int64_t i : {10, 1000})
        prefix.push_back(level == 0 ? 0 : quantile_key(values[size_t(c * n + i)]) >> (64 - 16 * level));
    std::vector<int64_t> counts(8 * 65536, 1), expected(8 * 65536, 1);
    backend().column_ops().count_digits(all, level, 2, prefix, counts);
    for (int64_t i = 0; i < n * 4; ++i) {
      if (!std::isfinite(values[size_t(i)])) continue;
      const uint64_t key = quantile_key(values[size_t(i)]);
      for (size_t t = 0; t < 2; ++t)
        if (level == 0 || key >> (64 - 16 * level) == prefix[size_t(i / n) * 2 + t])
          ++expected[(size_t(i / n) * 2 + t) * 65536 + ((key >> (48 - 16 * level)) & 0xFFFF)];
    }
    EXPECT_SAME_BYTES(counts, expected) << "level " << level;
  }
}

TEST_P(BackendContract, RowDigitsAreCounted) {
  const Case& c = cases()[13];
  auto rows = load(c.rows);
  const size_t d = size_t(c.shape.d);
  std::vector<int64_t> counts(d * 65536), expected(d * 65536);
  backend().column_ops().count_row_digits(*rows, 0, 1, std::vector<uint64_t>(d), counts);
  for (int64_t i = 0; i < c.rows.n; ++i)
    for (size_t j = 0; j < d; ++j) ++expected[j * 65536 + (quantile_key(double(c.rows.row(i)[j])) >> 48)];
  EXPECT_SAME_BYTES(counts, expected);
}

TEST_P(BackendContract, TransformEqualsTheFormula) {
  const int64_t n = 700;
  const std::vector<double> values = columns(n);
  const ColumnsView<const double> all{values.data(), n, 4, n};
  const std::vector<double> knots = {-30, -10, 0, 0, 0, 20, 70};
  std::vector<FeatureTransform> features(6);
  features[0] = {.source = 1, .low = -20, .high = 50, .impute = 3, .shift = 20.5, .scale = 0.3, .factor = 0.7};
  features[1] = {.source = 0, .curve = Curve::asinh, .shift = 1, .scale = 7};
  features[2] = {.source = 1, .form = FeatureForm::indicator, .shift = 0.1, .scale = 0.4};
  features[3] = {.source = 0, .form = FeatureForm::one_hot, .code = values[7], .factor = 2};
  features[4] = {.source = 0, .form = FeatureForm::ranked, .knots_begin = 0, .knots_count = 7};
  features[5] = {.source = 0, .low = 0, .scale = 0x1p57};  // zeros by the limit, the rest flushed
  oracle::Rows expected{n, 6, {}, {}, 0};
  int64_t flushed = 0;
  for (int64_t i = 0; i < n; ++i)
    for (const FeatureTransform& f : features) {
      const double v = transform_value(f, knots.data(), all.column(f.source)[size_t(i)]);
      expected.x.push_back(to_feature(v));
      flushed += v != 0 && std::fabs(float(v)) < 0x1p-50f;
    }
  auto rows = backend().make_rows(0, n, 6, false, "rows of a contract test");
  const auto tally = backend().column_ops().transform(all, features, knots, *rows, 0);
  EXPECT_EQ(tally.non_finite, 0);
  EXPECT_EQ(tally.first_bad_row, -1);
  EXPECT_EQ(tally.flushed, flushed);
  EXPECT_GT(flushed, 100);
  EXPECT_SAME_BYTES(fetch_all(backend(), *rows), expected.x);
}

TEST_P(BackendContract, TransformFindsTheFirstBadFeature) {
  const int64_t n = 700;
  std::vector<double> values(size_t(n * 2), 1.0);
  values[size_t(n + 300)] = NAN;
  values[301] = 1e300;
  values[300] = HUGE_VAL;
  std::vector<FeatureTransform> features(2);
  features[1].source = 1;
  auto rows = backend().make_rows(65536, n + 5, 2, false, "rows of a contract test");
  const auto tally = backend().column_ops().transform({values.data(), n, 2, n}, features, {}, *rows, 5);
  EXPECT_EQ(tally.non_finite, 3);
  EXPECT_EQ(tally.first_bad_row, 65536 + 5 + 300);
  EXPECT_EQ(tally.first_bad_feature, 0);
}

TEST_P(BackendContract, CentreAndMaxAbs) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(oracle::name(c.shape));
    auto rows = load(c.rows);
    std::vector<double> means;
    for (int j = 0; j < c.shape.d; ++j) means.push_back(double(c.rows.row(c.rows.n / 2)[j]) * (j % 2 == 0 ? 1 : 0.37));
    backend().column_ops().centre(*rows, means);
    std::vector<float> expected, largest(size_t(c.shape.d));
    for (int64_t i = 0; i < c.rows.n; ++i)
      for (int j = 0; j < c.shape.d; ++j) {
        const float v = float(double(c.rows.row(i)[j]) - means[size_t(j)]);
        expected.push_back(std::fabs(v) < 0x1p-50f ? 0.f : v);
        largest[size_t(j)] = std::max(largest[size_t(j)], std::fabs(expected.back()));
      }
    EXPECT_SAME_BYTES(fetch_all(backend(), *rows), expected);
    EXPECT_SAME_BYTES(backend().column_ops().max_abs(*rows), largest);
  }
}

TEST_P(BackendContract, UnitRows) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(oracle::name(c.shape));
    auto rows = load(c.rows);
    std::vector<float> expected;
    int64_t zeros = 0;
    for (int64_t i = 0; i < c.rows.n; ++i) {
      double norm2 = 0;
      for (int j = 0; j < c.shape.d; ++j) norm2 = std::fma(double(c.rows.row(i)[j]), double(c.rows.row(i)[j]), norm2);
      zeros += norm2 == 0;
      for (int j = 0; j < c.shape.d; ++j) {
        const float v = norm2 == 0 ? 0.f : float(double(c.rows.row(i)[j]) / std::sqrt(norm2));
        expected.push_back(std::fabs(v) < 0x1p-50f ? 0.f : v);
      }
    }
    EXPECT_EQ(backend().column_ops().unit_rows(*rows), zeros);
    EXPECT_SAME_BYTES(fetch_all(backend(), *rows), expected);
  }
}

}  // namespace clientele::contract
