// Lloyd iterations on resident rows: one assignment pass and one update of k x d centroids each.
//   assign_bench [--benchmark_filter=...]   arguments in names: n / d / k / threads
// Counters: GFLOP/s of 2 n k d operations, and their share of the FMA rate that the same threads reach in registers
// (AVX-512: 16 lanes, AVX2: 8).
#include <benchmark/benchmark.h>

#include <map>

#include "bench/support/bench_rows.h"
#include "bench/support/machine_rates.h"

namespace clientele::bench {
namespace {

constexpr int kIterations = 12;

/// The next centroids from full sums (empty segments keep theirs).
void update(const std::vector<WideSum>& sums, const std::vector<int64_t>& counts, const std::vector<double>& scales,
            std::vector<float>& centroids) {
  const size_t d = scales.size();
  for (size_t i = 0; i < sums.size(); ++i)
    if (counts[i / d] > 0) centroids[i] = centroid_value(sums[i], scales[i % d], counts[i / d]);
}

double peak(ThreadPool& pool) {
  static std::map<int, double> known;
  double& value = known[pool.threads()];
  if (value == 0) value = fma_peak_gflops(pool);
  return value;
}

/// What every benchmark here works on; arguments n / d / k / threads.
struct Workload {
  explicit Workload(const benchmark::State& state)
      : n(state.range(0)),
        d(static_cast<int>(state.range(1))),
        k(static_cast<int>(state.range(2))),
        pool(static_cast<int>(state.range(3))),
        backend(make_cpu_backend(pool)),
        ops(backend->assign_ops()),
        values(d, k),
        rows(make_block(*backend, n, d, values)),
        centroids(values.start(k, n)) {
    for (const float most : backend->column_ops().max_abs(*rows)) scales.push_back(fixed_scale(fixed_exponent(most)));
    ops.clear_labels(*rows);
  }

  CentroidsView view() const { return {centroids.data(), k, d}; }
  PassResult pass() {
    const auto running = ops.start(view(), scales);
    running->add(*rows);
    return running->finish();
  }
  void count_flops(benchmark::State& state) {
    const double flops = 2.0 * static_cast<double>(n) * k * d * static_cast<double>(state.iterations());
    state.counters["GFLOP/s"] = benchmark::Counter(flops / 1e9, benchmark::Counter::kIsRate);
    state.counters["of_peak"] = benchmark::Counter(flops / 1e9 / peak(pool), benchmark::Counter::kIsRate);
  }

  int64_t n;
  int d, k;
  ThreadPool pool;
  std::unique_ptr<Backend> backend;
  AssignOps& ops;
  GroupedValues values;
  std::unique_ptr<RowBlock> rows;
  std::vector<float> centroids;
  std::vector<double> scales;
};

void lloyd(benchmark::State& state) {
  Workload work(state);
  PassResult total = work.pass();
  check_pass(*work.backend, *work.rows, work.values, work.view(), total);
  int64_t moved = 0, rechecked = 0;
  for (auto _ : state) {
    update(total.sums, total.counts, work.scales, work.centroids);
    const PassResult delta = work.pass();
    for (size_t i = 0; i < total.sums.size(); ++i) total.sums[i].add(delta.sums[i]);
    for (size_t c = 0; c < total.counts.size(); ++c) total.counts[c] += delta.counts[c];
    moved += delta.moved;
    rechecked += delta.rechecked;
  }
  check_pass(*work.backend, *work.rows, work.values, work.view(), total);
  const double seen = static_cast<double>(work.n) * static_cast<double>(state.iterations());
  work.count_flops(state);
  state.counters["moved_%"] = 100.0 * static_cast<double>(moved) / seen;
  state.counters["rechecked_%"] = 100.0 * static_cast<double>(rechecked) / seen;
}

void full_pass(benchmark::State& state) {
  Workload work(state);
  for (auto _ : state) {
    state.PauseTiming();
    work.ops.clear_labels(*work.rows);
    state.ResumeTiming();
    benchmark::DoNotOptimize(work.pass());
  }
}

/// Passes over rows whose labels are right already: the cost of looking at every row, without sums.
void settled_pass(benchmark::State& state) {
  Workload work(state);
  work.pass();
  for (auto _ : state) benchmark::DoNotOptimize(work.pass());
  work.count_flops(state);
}

void publish(benchmark::State& state) {
  Workload work(state);
  for (auto _ : state) {
    PublishSums sums;
    work.ops.publish(*work.rows, work.view(), {}, sums);
    benchmark::DoNotOptimize(sums);
  }
}

void shapes(benchmark::internal::Benchmark* b) {
  for (const int threads : {1, 2})
    for (const auto& [d, k] : {std::pair{16, 8}, {16, 64}, {16, 256}, {32, 20}, {64, 8}, {64, 64}})
      b->Args({1'000'000, d, k, threads});
  for (const auto& [d, k] : {std::pair{16, 8}, {32, 20}, {64, 8}, {64, 64}}) b->Args({4096, d, k, 1});
  b->Unit(benchmark::kMillisecond)->UseRealTime();
}

BENCHMARK(lloyd)->Apply(shapes)->Iterations(kIterations);
BENCHMARK(lloyd)->Args({10'000'000, 32, 20, 2})->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(kIterations);
BENCHMARK(settled_pass)->Apply(shapes);
BENCHMARK(full_pass)->Apply(shapes)->Iterations(3);
BENCHMARK(publish)->Apply(shapes)->Iterations(3);

}  // namespace
}  // namespace clientele::bench

BENCHMARK_MAIN();
