// What is the CPU backend's own: levels, memory, and what it refuses.
#include <gtest/gtest.h>

#include <cmath>

#include "clientele/base/errors.h"
#include "clientele/compute/backends.h"
#include "src/compute/cpu/bounds.h"
#include "tests/support/row_makers.h"

namespace clientele {
namespace {

ErrorKind kind_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_FALSE(error.complaint().what.empty());
    return error.kind();
  }
  ADD_FAILURE() << "nothing thrown";
  return ErrorKind::internal;
}

TEST(CpuBackend, StatesItsLevel) {
  ThreadPool pool(2);
  ASSERT_FALSE(simd_levels().empty());
  EXPECT_EQ(simd_levels().front(), SimdLevel::scalar);
  for (const SimdLevel level : simd_levels()) EXPECT_EQ(make_cpu_backend(pool, level)->facts().simd, simd_name(level));
  const BackendFacts facts = make_cpu_backend(pool)->facts();
  EXPECT_EQ(facts.name, "cpu");
  EXPECT_EQ(facts.threads, 2);
  EXPECT_GT(facts.memory_bytes, 0);
}

TEST(CpuBackend, RefusesALevelThatTheProcessorLacks) {
  ThreadPool pool(1);
  const auto levels = simd_levels();
  for (const SimdLevel level : {SimdLevel::avx2, SimdLevel::avx512})
    if (std::find(levels.begin(), levels.end(), level) == levels.end()) {
      EXPECT_EQ(kind_of([&] { make_cpu_backend(pool, level); }), ErrorKind::usage);
    }
}

TEST(CpuBackend, NamesTheBufferThatDoesNotFit) {
  ThreadPool pool(1);
  const auto backend = make_cpu_backend(pool);
  try {
    backend->make_rows(0, int64_t{1} << 40, 1000, false, "normalised features");
    ADD_FAILURE() << "nothing thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::device);
    EXPECT_NE(error.complaint().what.find("normalised features"), std::string::npos);
    EXPECT_NE(error.complaint().expected.find("MiB"), std::string::npos);
  }
}

TEST(CpuBackend, TakesLittleMoreThanTheMatrix) {
  ThreadPool pool(1);
  EXPECT_LE(double(make_cpu_backend(pool)->rows_bytes(10'000'000, 32, false)), 1.04 * 10'000'000 * 32 * 4);
}

TEST(CpuBackend, RefusesCanonicalSumsInsideABlock) {
  ThreadPool pool(1);
  const auto backend = make_cpu_backend(pool);
  auto rows = backend->make_rows(100, 50, 2, false, "rows");
  std::vector<std::vector<Moments>> blocks;
  EXPECT_EQ(kind_of([&] { backend->column_ops().row_moments(*rows, blocks); }), ErrorKind::internal);
}

TEST(CpuBackend, HasNoLabelsBeforeTheFirstPass) {
  ThreadPool pool(1);
  const auto backend = make_cpu_backend(pool);
  auto rows = backend->make_rows(0, 20, 2, false, "rows");
  std::vector<int32_t> labels(20);
  backend->assign_ops().copy_labels(*rows, labels);
  EXPECT_EQ(labels, std::vector<int32_t>(20, -1));
}

/// One pass over several blocks accumulates as over one.
TEST(CpuBackend, APassAddsBlocksUp) {
  ThreadPool pool(2);
  const auto backend = make_cpu_backend(pool);
  const std::vector<double> scales = {0x1p38};
  const std::vector<float> centroids = {-1, 2};
  auto pass = backend->assign_ops().start({centroids.data(), 2, 1}, scales);
  std::vector<FeatureTransform> identity(1);
  for (const double value : {-1.5, 3.0}) {
    auto rows = backend->make_rows(0, 100, 1, false, "rows");
    const std::vector<double> column(100, value);
    backend->column_ops().transform({column.data(), 100, 1, 100}, identity, {}, *rows, 0);
    pass->add(*rows);
  }
  const PassResult result = pass->finish();
  EXPECT_EQ(result.counts, (std::vector<int64_t>{100, 100}));
  EXPECT_EQ(centroid_value(result.sums[0], scales[0], 100), -1.5f);
  EXPECT_EQ(centroid_value(result.sums[1], scales[0], 100), 3.0f);
}

TEST(NoCuda, SaysSo) {
  if (cuda_facts().built) GTEST_SKIP() << "this build has CUDA";
  EXPECT_FALSE(cuda_facts().reason.empty());
  EXPECT_EQ(kind_of([] { make_cuda_backend(0); }), ErrorKind::device);
}

/// Without this the contract, which only asks for the same bytes, would also hold for a backend that skips nothing.
TEST(CpuBackend, SkipsRowsWhoseCentroidsStandStill) {
  constexpr int64_t kRows = 5000;
  ThreadPool pool(2);
  for (const SimdLevel level : simd_levels()) {
    const auto backend = make_cpu_backend(pool, level);
    const auto rows = backend->make_rows(0, kRows, 2, false, "rows");
    std::vector<double> values(2 * kRows);
    for (int64_t i = 0; i < kRows; ++i) values[static_cast<size_t>(i)] = (i % 2 == 0 ? 8.0 : -8.0) + 0.0001 * double(i);
    const FeatureTransform features[] = {{.source = 0}, {.source = 1}};
    backend->column_ops().transform({values.data(), kRows, 2, kRows}, features, {}, *rows, 0);
    backend->assign_ops().clear_labels(*rows);
    const float centroids[] = {-8, 0, 8, 0};
    const double scales[] = {0x1p30, 0x1p30};
    Drift drift(2);
    std::vector<int64_t> scanned;
    for (int pass = 0; pass < 5; ++pass) {
      const auto running = backend->assign_ops().start({centroids, 2, 2}, scales, &drift);
      running->add(*rows);
      scanned.push_back(running->finish().scanned);
      drift.add(centroids, centroids, 2);
    }
    // Full; full (the first moved every row); full, with a look at some slacks; all slacks found; none expired.
    EXPECT_EQ(scanned, (std::vector<int64_t>{kRows, kRows, kRows, kRows, 0})) << simd_name(level);
  }
}

/// A block of a few columns.
struct Columns {
  /// values: d columns of as many rows.
  Columns(Backend& with, const std::vector<double>& values, int columns = 1)
      : backend(with),
        d(columns),
        rows(with.make_rows(0, static_cast<int64_t>(values.size()) / columns, columns, false, "rows")) {
    fill(values);
  }
  /// As for a new fit.
  void fill(const std::vector<double>& values) {
    std::vector<FeatureTransform> as_is(static_cast<size_t>(d));
    for (int j = 0; j < d; ++j) as_is[static_cast<size_t>(j)].source = j;
    const int64_t n = rows->rows();
    backend.column_ops().transform({values.data(), n, d, n}, as_is, {}, *rows, 0);
    backend.assign_ops().clear_labels(*rows);
  }
  PassResult pass(const std::vector<float>& centroids, double scale, const Drift* drift = nullptr) {
    const std::vector<double> scales(static_cast<size_t>(d), scale);
    const CentroidsView view{centroids.data(), static_cast<int>(centroids.size()) / d, d};
    const auto running = backend.assign_ops().start(view, scales, drift);
    running->add(*rows);
    return running->finish();
  }
  std::vector<int32_t> labels() const {
    std::vector<int32_t> out(static_cast<size_t>(rows->rows()));
    backend.assign_ops().copy_labels(*rows, out);
    return out;
  }
  Backend& backend;
  int d;
  std::unique_ptr<RowBlock> rows;
};

/// Later passes screen a tile with its longest row's length: rows far out, ties and partial tiles of every grouping.
TEST(CpuBackend, LaterPassesEqualTheScalarOnes) {
  ThreadPool pool(2);
  std::vector<double> values;
  for (int i = 0; i < 1003; ++i) values.push_back(i % 97 == 5 ? 1e12 * (i % 2 == 0 ? 1 : -1) : 0.25 * (i * 37 % 64));
  for (int k = 1; k <= 27; ++k) {
    SCOPED_TRACE(k);
    std::vector<std::vector<int32_t>> found;
    std::vector<int64_t> moved;
    for (const SimdLevel level : simd_levels()) {
      const auto backend = make_cpu_backend(pool, level);
      Columns column(*backend, values);
      for (const float step : {0.0f, 0.125f, 0.125f, 3.0f}) {
        std::vector<float> centroids;
        for (int c = 0; c < k; ++c)
          centroids.push_back(static_cast<float>(c * 5 % 16) + step * static_cast<float>(c % 3));
        moved.push_back(column.pass(centroids, fixed_scale(fixed_exponent(1e12f))).moved);
        found.push_back(column.labels());
      }
    }
    for (size_t i = 4; i < found.size(); ++i) {
      ASSERT_EQ(found[i], found[i % 4]) << "pass " << i % 4;
      ASSERT_EQ(moved[i], moved[i % 4]) << "pass " << i % 4;
    }
  }
}

/// A block may get other rows. Lengths found for rows near 0 would certify what float32 makes of rows near (1e6, 1e6),
/// whose products with centroids (a, -a) cancel.
TEST(CpuBackend, LengthsAreFoundAnewForOtherRows) {
  constexpr int kRows = 1003;
  ThreadPool pool(2);
  std::vector<double> small(2 * kRows), large(2 * kRows);
  for (int i = 0; i < kRows; ++i) {
    small[static_cast<size_t>(i)] = 0.25 * (i * 37 % 64);
    large[static_cast<size_t>(i)] = 1e6 + 2 + 0.0625 * (i * 37 % 16);
    large[static_cast<size_t>(kRows + i)] = 1e6 + 0.0625 * (i % 5);
  }
  std::vector<float> centroids;
  for (int c = 0; c < 20; ++c) {
    centroids.push_back(1 + 0.03f * static_cast<float>(c * 7 % 20));
    centroids.push_back(-centroids.back());
  }
  const double scale = fixed_scale(fixed_exponent(1.1e6f));
  std::vector<std::vector<int32_t>> found;
  for (const SimdLevel level : simd_levels()) {
    const auto backend = make_cpu_backend(pool, level);
    Columns columns(*backend, small, 2);
    columns.pass(centroids, scale);
    columns.fill(large);
    for (int pass = 0; pass < 2; ++pass) {
      columns.pass(centroids, scale);
      found.push_back(columns.labels());
      EXPECT_EQ(found.back(), found.front()) << simd_name(level) << " pass " << pass;
    }
  }
}

/// Bounds that are given up leave rows in another order, for which no lengths are known.
TEST(CpuBackend, WholePassesOverRowsInAnotherOrderEqualTheScalarOnes) {
  ThreadPool pool(2);
  std::vector<double> values;
  for (int i = 0; i < 5000; ++i) values.push_back((i % 2 == 0 ? 8.0 : -8.0) + 0.0001 * i);
  std::vector<std::vector<int32_t>> found;
  for (const SimdLevel level : simd_levels()) {
    const auto backend = make_cpu_backend(pool, level);
    Columns column(*backend, values);
    std::vector<float> centroids = {-8, 8, 0.5f};
    Drift drift(3);
    std::vector<int64_t> scanned;
    for (int pass = 0; pass < 9; ++pass) {
      scanned.push_back(column.pass(centroids, 0x1p30, &drift).scanned);
      const std::vector<float> before = centroids;
      if (pass >= 4) centroids[2] = pass % 2 == 0 ? -7.75f : 8.25f;
      drift.add(before, centroids, 1);
    }
    EXPECT_EQ(scanned[4], 0) << "bounds were in use";
    EXPECT_EQ(scanned[8], 5000) << "and were given up";
    backend->assign_ops().end_fit(*column.rows);
    found.push_back(column.labels());
    EXPECT_EQ(found.back(), found.front()) << simd_name(level);
  }
}

/// Sums of movements that overflow float32 leave no bound behind that never ends.
TEST(Bounds, EndWhereDriftOverflows) {
  const std::vector<double> still(40, 1.0);
  std::vector<double> far(40, 1.0);
  far[3] = 3e38;
  DriftSums before, now;
  before.start(still);
  now.start(still);
  for (int step = 0; step < 3; ++step) now.add(far);
  const DriftView finite = before.view(), infinite = now.view();
  ASSERT_EQ(infinite.own_up[3], HUGE_VALF);
  ASSERT_TRUE(std::isfinite(infinite.own_down[3]));
  const int32_t labels[] = {3};
  for (const float slack : {1.0f, 3e38f, HUGE_VALF}) {
    SCOPED_TRACE(slack);
    TileBound bound = tile_bound(&slack, labels, 1, finite);
    EXPECT_EQ((BoundsView{&bound, finite}.expired(0)), 0u);
    EXPECT_EQ(slack_left(bound, infinite), 0);
    EXPECT_NE((BoundsView{&bound, infinite}.expired(0)), 0u);
    TileBound moved = bound;
    EXPECT_FALSE(rebase(moved, infinite, finite));
    EXPECT_NE((BoundsView{&moved, finite}.expired(0)), 0u);
    moved = bound;
    relabel(moved, labels, 1, infinite);
    EXPECT_NE((BoundsView{&moved, infinite}.expired(0)), 0u);
    // Found with sums beyond float32: it holds at no time.
    moved = tile_bound(&slack, labels, 1, infinite);
    EXPECT_NE((BoundsView{&moved, infinite}.expired(0)), 0u);
    EXPECT_FALSE(rebase(moved, infinite, finite));
  }
}

/// The same in a fit. Only the scalar level finds slacks for rows as far out as it takes.
TEST(CpuBackend, BoundsEndWhereDriftOverflows) {
  ThreadPool pool(1);
  std::vector<double> values;
  for (int i = 0; i < 3200; ++i) values.push_back((i < 3000 ? -3e38 : 1.1e38) + 1e34 * i);
  std::vector<float> start = {1.1e38f, -3e38f};
  for (int c = 2; c < 20; ++c) start.push_back(static_cast<float>(c) * 1e36f);
  const double scale = fixed_scale(fixed_exponent(3.1e38f));
  for (const SimdLevel level : simd_levels()) {
    const auto backend = make_cpu_backend(pool, level);
    Columns bounded(*backend, values), full(*backend, values);
    std::vector<float> centroids = start;
    Drift drift(20);
    int skipping = 0;
    for (int pass = 0; pass < 20; ++pass) {
      const PassResult found = bounded.pass(centroids, scale, &drift);
      skipping += found.scanned < static_cast<int64_t>(values.size()) ? 1 : 0;
      ASSERT_EQ(found.moved, full.pass(centroids, scale).moved) << simd_name(level) << pass;
      const std::vector<float> before = centroids;
      if (pass >= 3) centroids[0] += pass % 2 == 1 ? 4e37f : -4e37f;
      if (pass > 11) centroids[0] = -1e38f;
      drift.add(before, centroids, 1);
    }
    EXPECT_EQ(skipping > 0, level == SimdLevel::scalar) << simd_name(level);
  }
}

}  // namespace
}  // namespace clientele
