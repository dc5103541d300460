#include "tests/support/rows.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>

#include "clientele/base/fixed_point.h"
#include "clientele/cluster/across_ranks.h"
#include "tests/support/row_makers.h"

namespace clientele::test {

namespace {

void fill(const Matrix& matrix, RowBlock& block, Env& env) {
  std::vector<FeatureTransform> identity(static_cast<size_t>(matrix.d));
  for (int j = 0; j < matrix.d; ++j) identity[static_cast<size_t>(j)].source = j;
  std::vector<double> values;
  for (int64_t row = 0; row < block.rows(); row += 5000) {
    const int64_t count = std::min<int64_t>(5000, block.rows() - row);
    values.resize(static_cast<size_t>(count * matrix.d));
    for (int64_t i = 0; i < count; ++i)
      for (int64_t j = 0; j < matrix.d; ++j)
        values[static_cast<size_t>(j * count + i)] =
            static_cast<double>(matrix.x[static_cast<size_t>((block.first_row() + row + i) * matrix.d + j)]);
    env.backend.column_ops().transform({values.data(), count, matrix.d, count}, identity, {}, block, row);
  }
}

void weigh(const Matrix& matrix, RowBlock& block, int bits, Env& env) {
  std::vector<int64_t> m;
  for (int64_t i = 0; i < block.rows(); ++i)
    m.push_back(quantise_weight(matrix.weights[static_cast<size_t>(block.first_row() + i)], bits));
  env.backend.sample_ops().set_weights(block, m);
}

void set_unit(const Matrix& matrix, RowBlocks& rows) {
  rows.weight_bits = weight_bits(std::accumulate(matrix.weights.begin(), matrix.weights.end(), 0.0), matrix.n);
  for (const double w : matrix.weights) {
    const int64_t m = quantise_weight(w, rows.weight_bits);
    rows.weight_sum += m;
    rows.weightless += m == 0 ? 1 : 0;
  }
  rows.unit_weight = unit_of(rows.weight_bits, rows.weight_sum, matrix.n - rows.weightless);
}

/// Moments of every feature over all ranks.
std::vector<Moments> moments_of(RowBlocks& rows, Env& env) {
  std::vector<std::vector<Moments>> blocks;
  rows.each([&](RowBlock& block) { env.backend.column_ops().row_moments(block, blocks); });
  std::vector<Moments> own;
  for (const auto& block : blocks) own.insert(own.end(), block.begin(), block.end());
  const std::vector<Moments> all = env.comm.gather_all<Moments>(own);
  std::vector<Moments> out(static_cast<size_t>(rows.d));
  for (size_t i = 0; i < all.size(); ++i) out[i % out.size()] = Moments::merge(out[i % out.size()], all[i]);
  return out;
}

}  // namespace

Workplace::Workplace() : Workplace(Options()) {}

Workplace::Workplace(const Options& options, Comm* comm)
    : pool(options.threads),
      backend(make_cpu_backend(pool, options.simd)),
      single(make_single_comm()),
      env{.pool = pool,
          .backend = *backend,
          .comm = comm == nullptr ? *single : *comm,
          .progress = progress,
          .block_rows = options.block_rows,
          .piece_rows = 8192,
          .warnings = {},
          .memory = {.features_bytes = options.features_bytes,
                     .tables_bytes = 0,
                     .scratch = std::filesystem::temp_directory_path().string()}} {}

RowBlocks blocks_of(const Matrix& matrix, Space space, Env& env) {
  RowBlocks rows;
  const RowRange range = rank_rows(matrix.n, env.comm.rank(), env.comm.size());
  rows.total_rows = matrix.n;
  rows.first_row = range.first;
  rows.rows = range.last - range.first;
  rows.d = matrix.d;
  rows.weighted = !matrix.weights.empty();
  if (rows.weighted) set_unit(matrix, rows);
  make_blocks(rows, env);
  rows.each(
      [&](RowBlock& block) {
        fill(matrix, block, env);
        if (rows.weighted) weigh(matrix, block, rows.weight_bits, env);
      },
      Features::fill);
  ColumnOps& ops = env.backend.column_ops();
  rows.means.assign(static_cast<size_t>(matrix.d), 0);
  if (space == Space::unit) rows.each([&](RowBlock& block) { ops.unit_rows(block); }, Features::change);
  if (space == Space::centred) {
    const std::vector<Moments> moments = moments_of(rows, env);
    for (size_t j = 0; j < moments.size(); ++j) rows.means[j] = moments[j].mean;
    rows.each([&](RowBlock& block) { ops.centre(block, rows.means); }, Features::change);
  }
  for (const Moments& moments : moments_of(rows, env)) rows.variances.push_back(moments.variance());
  std::vector<double> most(static_cast<size_t>(matrix.d));
  rows.each([&](RowBlock& block) {
    const std::vector<float> max = ops.max_abs(block);
    for (size_t j = 0; j < most.size(); ++j) most[j] = std::max(most[j], static_cast<double>(max[j]));
  });
  env.comm.max(most);
  for (const double max : most) rows.scales.push_back(fixed_scale(fixed_exponent(static_cast<float>(max))));
  return rows;
}

oracle::Rows read_back(const RowBlocks& rows, const Matrix& matrix, Env& env) {
  oracle::Rows out{.n = rows.rows, .d = rows.d, .x = {}, .m = {}, .first_row = rows.first_row};
  std::vector<int64_t> all(static_cast<size_t>(rows.rows));
  std::iota(all.begin(), all.end(), rows.first_row);
  out.x = fetch_rows(rows, all, env);
  for (const int64_t row : all)
    if (rows.weighted) out.m.push_back(quantise_weight(matrix.weights[static_cast<size_t>(row)], rows.weight_bits));
  return out;
}

Matrix repeated(const Matrix& weighted) {
  Matrix out{.n = 0, .d = weighted.d, .x = {}, .weights = {}};
  for (int64_t i = 0; i < weighted.n; ++i)
    for (int64_t t = 0; t < std::lround(weighted.weights[static_cast<size_t>(i)]); ++t, ++out.n)
      out.x.insert(out.x.end(), weighted.x.begin() + i * out.d, weighted.x.begin() + (i + 1) * out.d);
  return out;
}

Matrix mixture(int64_t n, int d, int k, double box, uint64_t stream) {
  Matrix out{.n = n, .d = d, .x = {}, .weights = {}};
  for (int64_t i = 0; i < n; ++i) {
    const uint64_t row = static_cast<uint64_t>(i);
    const uint64_t group = static_cast<uint64_t>(oracle::uniform(stream, row) * k);
    for (int j = 0; j < d; ++j) {
      const uint64_t at = static_cast<uint64_t>(j);
      const double centre = (2 * oracle::uniform(stream + 1, group * 1000 + at) - 1) * box;
      double noise = -3;  // half of six uniform numbers' sum is near enough to a normal one
      for (uint64_t part = 0; part < 6; ++part) noise += oracle::uniform(stream + 2 + part, row * 1000 + at);
      out.x.push_back(static_cast<float>(centre + noise * 1.414));
    }
  }
  return out;
}

void on_ranks(int ranks, const Workplace::Options& options, const std::function<void(Env&)>& body) {
  run_ranks(ranks, [&](Comm& comm) {
    Workplace place(options, &comm);
    body(place.env);
  });
}

}  // namespace clientele::test
