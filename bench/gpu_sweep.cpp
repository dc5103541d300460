#include "bench/gpu_sweep.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <stdexcept>

#include "bench/support/bench_rows.h"

namespace clientele::bench {
namespace {

constexpr int kRepeats = 5;

using Blocks = std::vector<std::unique_ptr<RowBlock>>;

/// What one way takes and gives.
struct Way {
  std::vector<double> milliseconds;
  std::vector<std::vector<PassResult>> passes;
  std::vector<std::vector<int32_t>> labels;

  double median() {
    std::sort(milliseconds.begin(), milliseconds.end());
    return milliseconds[milliseconds.size() / 2];
  }
};

/// One fit of the sweep, at its start.
struct Model {
  std::vector<float> centroids;
  std::vector<WideSum> sums;
  std::vector<int64_t> counts;
  Drift drift;

  Model(std::vector<float> start, int k)
      : centroids(std::move(start)), sums(centroids.size()), counts(static_cast<size_t>(k)), drift(k) {}
};

std::vector<Model> models_of(const SweepShape& shape, const GroupedValues& values) {
  std::vector<Model> models;
  for (int k = shape.first_k; k <= shape.last_k; ++k) models.emplace_back(values.start(k, shape.n), k);
  return models;
}

void clear(AssignOps& ops, RowBlock& rows, size_t models) {
  for (size_t m = 0; m < models; ++m) {
    ops.use_labels(rows, static_cast<int>(m));
    ops.clear_labels(rows);
  }
}

/// Runs the way once to warm up and kRepeats times, from cleared labels each time.
template <class Label>
Way measured(AssignOps& ops, Blocks& blocks, const SweepShape& shape, const GroupedValues& values, const Label& label) {
  Way way;
  for (int i = 0; i <= kRepeats; ++i) {
    std::vector<Model> models = models_of(shape, values);
    clear(ops, *blocks[0], models.size());
    const auto begin = std::chrono::steady_clock::now();
    way.passes = label(models);
    const auto end = std::chrono::steady_clock::now();
    if (i > 0) way.milliseconds.push_back(std::chrono::duration<double, std::milli>(end - begin).count());
  }
  for (size_t m = 0; m < way.passes.size(); ++m) {
    ops.use_labels(*blocks[0], static_cast<int>(m));
    way.labels.emplace_back(static_cast<size_t>(shape.n));
    ops.copy_labels(*blocks[0], way.labels.back());
  }
  return way;
}

void require_same(const Way& a, const Way& b) {
  if (a.labels != b.labels) throw std::runtime_error("sweep: labels differ");
  for (size_t m = 0; m < a.passes.size(); ++m) {
    if (a.passes[m].size() != b.passes[m].size() || a.passes[m].empty())
      throw std::runtime_error("sweep: other numbers of rounds");
    for (size_t r = 0; r < a.passes[m].size(); ++r) {
      const PassResult &x = a.passes[m][r], &y = b.passes[m][r];
      const bool same = x.counts == y.counts && x.moved == y.moved &&
                        std::equal(x.sums.begin(), x.sums.end(), y.sums.begin(),
                                   [](const WideSum& one, const WideSum& other) { return same_value(one, other); });
      if (!same) throw std::runtime_error("sweep: sums or counts differ");
    }
  }
}

}  // namespace

int64_t sweep_bytes(const Backend& backend, const SweepShape& shape) {
  const int64_t sets = shape.last_k - shape.first_k + 1;
  return backend.rows_bytes(shape.n, shape.d, false) + sets * backend.rows_bytes(shape.n, 0, false) +
         backend.scratch_bytes(shape.n, shape.d, shape.last_k);
}

void measure_sweep(Backend& backend, const SweepShape& shape) {
  const GroupedValues values(shape.d, 12);
  AssignOps& ops = backend.assign_ops();
  Blocks blocks;
  blocks.push_back(make_block(backend, shape.n, shape.d, values));
  std::vector<double> scales;
  for (const float most : backend.column_ops().max_abs(*blocks[0])) scales.push_back(fixed_scale(fixed_exponent(most)));
  const auto state_of = [&](const Model& model) {
    return LoopState{{model.centroids.data(), static_cast<int>(model.counts.size()), shape.d},
                     scales,
                     model.sums,
                     model.counts,
                     &model.drift};
  };
  Way together = measured(ops, blocks, shape, values, [&](const std::vector<Model>& models) {
    std::vector<ModelRounds> asked;
    for (size_t m = 0; m < models.size(); ++m)
      asked.push_back({state_of(models[m]), static_cast<int>(m), shape.rounds});
    return ops.rounds_together(blocks, asked);
  });
  Way alone = measured(ops, blocks, shape, values, [&](const std::vector<Model>& models) {
    std::vector<std::vector<PassResult>> passes;
    for (size_t m = 0; m < models.size(); ++m) {
      ops.use_labels(*blocks[0], static_cast<int>(m));
      passes.push_back(ops.rounds(blocks, state_of(models[m]), shape.rounds));
    }
    return passes;
  });
  require_same(together, alone);
  std::printf(
      "{\"n\": %lld, \"d\": %d, \"k\": [%d, %d], \"rounds\": %lld, \"together_ms\": %.4f, \"one_after_the_other_ms\": "
      "%.4f, \"share\": %.3f}",
      static_cast<long long>(shape.n), shape.d, shape.first_k, shape.last_k, static_cast<long long>(shape.rounds),
      together.median(), alone.median(), together.median() / alone.median());
}

}  // namespace clientele::bench
