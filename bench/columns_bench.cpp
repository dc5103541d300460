// Statistics, features and seeding on blocks of 65,536 rows and on resident rows.
//   columns_bench [--benchmark_filter=...]   arguments in names: n / d / threads (n / d / k / threads for seeding)
#include <benchmark/benchmark.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "bench/support/bench_rows.h"

namespace clientele::bench {
namespace {

constexpr int64_t kPiece = 8192;

/// One piece of columns, used for every piece of every block: what is measured is the arithmetic, not the reading.
std::vector<double> piece_of(int d, const GroupedValues& values) {
  std::vector<double> columns(static_cast<size_t>(kPiece * d));
  for (int j = 0; j < d; ++j)
    for (int64_t i = 0; i < kPiece; ++i) columns[static_cast<size_t>(j * kPiece + i)] = values(i, j);
  return columns;
}

void moments(benchmark::State& state) {
  const int64_t n = state.range(0);
  const int d = static_cast<int>(state.range(1));
  ThreadPool pool(static_cast<int>(state.range(2)));
  const auto backend = make_cpu_backend(pool);
  const std::vector<double> columns = piece_of(d, GroupedValues(d, 8));
  const ColumnsView<const double> piece{columns.data(), kPiece, d, kPiece};
  MomentLanes expected;
  expected.add(0, piece.column(d - 1));
  auto check = backend->column_ops().start_moments(d);
  check->add(0, piece);
  if (check->finish().back().m2 != expected.close().m2) throw std::runtime_error("moments differ from the definition");
  for (auto _ : state)
    pool.parallel_for(n / kBlockRows, [&](int64_t, int) {
      auto pass = backend->column_ops().start_moments(d);
      for (int64_t row = 0; row < kBlockRows; row += kPiece) pass->add(row, piece);
      benchmark::DoNotOptimize(pass->finish());
    });
  state.counters["values/s"] =
      benchmark::Counter(static_cast<double>(n * d * state.iterations()), benchmark::Counter::kIsRate);
}

void transform(benchmark::State& state) {
  const int64_t n = state.range(0) / kPiece * kPiece;
  const int d = static_cast<int>(state.range(1));
  ThreadPool pool(static_cast<int>(state.range(2)));
  const auto backend = make_cpu_backend(pool);
  const std::vector<double> columns = piece_of(d, GroupedValues(d, 8));
  auto rows = backend->make_rows(0, n, d, false, "rows of a benchmark");
  std::vector<FeatureTransform> features(static_cast<size_t>(d));
  for (int j = 0; j < d; ++j) {
    features[static_cast<size_t>(j)].source = j;
    features[static_cast<size_t>(j)].shift = 0.1 * j;
    features[static_cast<size_t>(j)].scale = 1.3;
  }
  for (auto _ : state)
    pool.parallel_for(n / kPiece, [&](int64_t i, int) {
      backend->column_ops().transform({columns.data(), kPiece, d, kPiece}, features, {}, *rows, i * kPiece);
    });
  const std::vector<int64_t> local = {n - kPiece + 7};
  std::vector<float> row(static_cast<size_t>(d));
  backend->sample_ops().fetch(*rows, local, {row.data(), 1, d});
  const double expected = transform_value(features.back(), nullptr, columns[static_cast<size_t>((d - 1) * kPiece + 7)]);
  if (row.back() != to_feature(expected)) throw std::runtime_error("a feature differs from the definition");
  state.counters["values/s"] =
      benchmark::Counter(static_cast<double>(n * d * state.iterations()), benchmark::Counter::kIsRate);
}

void resident(benchmark::State& state) {
  const int64_t n = state.range(0);
  const int d = static_cast<int>(state.range(1));
  const int op = static_cast<int>(state.range(3));
  ThreadPool pool(static_cast<int>(state.range(2)));
  const auto backend = make_cpu_backend(pool);
  auto rows = make_block(*backend, n, d, GroupedValues(d, 8));
  const std::vector<double> means(static_cast<size_t>(d), 1e-3);
  const std::vector<double> scales(static_cast<size_t>(d), 0x1p36);
  state.SetLabel(op == 0 ? "row_moments" : op == 1 ? "centre" : op == 2 ? "max_abs" : "square_sums");
  for (auto _ : state) {
    std::vector<std::vector<Moments>> blocks;
    std::vector<Int128> sums(static_cast<size_t>(d));
    if (op == 0) backend->column_ops().row_moments(*rows, blocks);
    if (op == 1) backend->column_ops().centre(*rows, means);
    if (op == 2) benchmark::DoNotOptimize(backend->column_ops().max_abs(*rows));
    if (op == 3) backend->assign_ops().square_sums(*rows, scales, sums);
  }
  state.SetBytesProcessed(n * d * 4 * state.iterations());
}

/// k-means++ by the backend's operations: a draw of 2 + log k trials, their potentials, the best one taken, k times.
void seeding(benchmark::State& state) {
  const int64_t n = state.range(0);
  const int d = static_cast<int>(state.range(1));
  const int k = static_cast<int>(state.range(2));
  ThreadPool pool(static_cast<int>(state.range(3)));
  const auto backend = make_cpu_backend(pool);
  auto rows = make_block(*backend, n, d, GroupedValues(d, k));
  SampleOps& ops = backend->sample_ops();
  const uint32_t trials = 2 + static_cast<uint32_t>(std::log(k));
  for (auto _ : state) {
    ops.start_seeding(*rows);
    for (uint32_t step = 0; step < static_cast<uint32_t>(k); ++step) {
      std::vector<RandomKey> keys;
      for (uint32_t trial = 0; trial < trials; ++trial) keys.push_back({1, Purpose::seeding, 0, step, trial});
      std::vector<Draw> draws(keys.size(), Draw{HUGE_VAL, -1});
      ops.draw(*rows, keys, draws);
      std::vector<int64_t> local;
      for (const Draw& draw : draws) local.push_back(draw.row);
      std::vector<float> candidates(local.size() * static_cast<size_t>(d));
      ops.fetch(*rows, local, {candidates.data(), static_cast<int64_t>(local.size()), d});
      std::vector<CanonicalSum> potentials(local.size());
      ops.potentials(*rows, {candidates.data(), static_cast<int64_t>(local.size()), d}, potentials);
      size_t best = 0;
      for (size_t c = 1; c < local.size(); ++c)
        if (potentials[c].total() < potentials[best].total()) best = c;
      ops.lower_min_d2(*rows, {candidates.data() + best * static_cast<size_t>(d), static_cast<size_t>(d)});
    }
    ops.end_seeding(*rows);
  }
}

BENCHMARK(moments)->Args({10'000'000, 32, 1})->Args({10'000'000, 32, 2})->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(transform)
    ->Args({10'000'000, 32, 1})
    ->Args({10'000'000, 32, 2})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK(resident)->ArgsProduct({{1'000'000}, {32}, {2}, {0, 1, 2, 3}})->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(seeding)->Args({1'000'000, 32, 20, 2})->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace clientele::bench

BENCHMARK_MAIN();
