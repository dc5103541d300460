#include "bench/support/raw_rows.h"

#include <algorithm>
#include <fstream>

#include "bench/support/bench_rows.h"
#include "clientele/base/errors.h"

namespace clientele::bench {
namespace {

constexpr int64_t kPiece = 8192;

int64_t pieces(int64_t n) {
  return (n + kPiece - 1) / kPiece;
}

/// Uncentred rows.
void fill(const std::vector<float>& values, RowBlock& block, Env& env) {
  const int d = block.d();
  std::vector<FeatureTransform> identity(static_cast<size_t>(d));
  for (int j = 0; j < d; ++j) identity[static_cast<size_t>(j)].source = j;
  std::vector<std::vector<double>> columns(static_cast<size_t>(env.pool.threads()),
                                           std::vector<double>(static_cast<size_t>(kPiece * d)));
  std::vector<int64_t> bad(columns.size());
  env.pool.parallel_for(pieces(block.rows()), [&](int64_t piece, int worker) {
    const int64_t first = piece * kPiece;
    const int64_t count = std::min(kPiece, block.rows() - first);
    double* to = columns[static_cast<size_t>(worker)].data();
    const float* from = values.data() + (block.first_row() + first) * d;
    for (int64_t i = 0; i < count; ++i)
      for (int j = 0; j < d; ++j) to[j * kPiece + i] = static_cast<double>(from[i * d + j]);
    bad[static_cast<size_t>(worker)] +=
        env.backend.column_ops().transform({to, count, d, kPiece}, identity, {}, block, first).non_finite;
  });
  for (const int64_t count : bad)
    if (count > 0) throw Error(ErrorKind::input, {.what = "values that are not finite", .where = "the matrix"});
}

}  // namespace

std::vector<float> read_floats(const std::string& path, int64_t rows, int columns) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const std::streamoff wanted = rows * columns * static_cast<int64_t>(sizeof(float));
  if (!file || file.tellg() != wanted)
    throw Error(ErrorKind::files, {.what = "not a raw float32 matrix of these sizes",
                                   .where = path,
                                   .expected = std::to_string(wanted) + " bytes",
                                   .found = file ? std::to_string(file.tellg()) : "no such file"});
  std::vector<float> values(static_cast<size_t>(rows * columns));
  file.seekg(0);
  if (!file.read(reinterpret_cast<char*>(values.data()), wanted))
    throw Error(ErrorKind::files, {.what = "cannot read", .where = path});
  return values;
}

void write_floats(const std::string& path, const std::vector<float>& values) {
  std::ofstream file(path, std::ios::binary);
  const auto bytes = static_cast<std::streamsize>(values.size() * sizeof(float));
  if (!file.write(reinterpret_cast<const char*>(values.data()), bytes) || !file.flush())
    throw Error(ErrorKind::files, {.what = "cannot write", .where = path});
}

std::vector<float> generated_rows(int64_t n, int d, int groups, ThreadPool& pool) {
  const GroupedValues values(d, groups);
  std::vector<float> out(static_cast<size_t>(n * d));
  pool.parallel_for(pieces(n), [&](int64_t piece, int) {
    for (int64_t i = piece * kPiece; i < std::min(n, (piece + 1) * kPiece); ++i)
      for (int j = 0; j < d; ++j) out[static_cast<size_t>(i * d + j)] = static_cast<float>(values(i, j));
  });
  return out;
}

RowBlocks engine_rows(const std::vector<float>& values, int64_t n, int d, Env& env) {
  RowBlocks rows;
  rows.total_rows = rows.rows = n;
  rows.d = d;
  rows.blocks.push_back(env.backend.make_rows(0, n, d, false, "rows of a benchmark"));
  RowBlock& block = *rows.blocks.front();
  fill(values, block, env);
  ColumnOps& ops = env.backend.column_ops();
  std::vector<std::vector<Moments>> per_block;
  ops.row_moments(block, per_block);
  std::vector<Moments> of_feature(per_block.size());
  for (size_t j = 0; j < static_cast<size_t>(d); ++j) {
    for (size_t b = 0; b < per_block.size(); ++b) of_feature[b] = per_block[b][j];
    const Moments all = Moments::merge(std::span<const Moments>(of_feature));
    rows.means.push_back(all.mean);
    rows.variances.push_back(all.variance());
  }
  ops.centre(block, rows.means);
  for (const float most : ops.max_abs(block)) rows.scales.push_back(fixed_scale(fixed_exponent(most)));
  return rows;
}

}  // namespace clientele::bench
