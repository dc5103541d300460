#include "block_walk.h"

#include <algorithm>
#include <memory>

namespace clientele {

RowRange block_range(RowRange rows) {
  if (rows.last <= rows.first) return {rows.first / kBlockRows, rows.first / kBlockRows};
  return {rows.first / kBlockRows, (rows.last + kBlockRows - 1) / kBlockRows};
}

void walk_blocks(const ReadRows& read, RowRange range, std::span<const int> columns, Env& env,
                 const std::function<void(const Piece&)>& body) {
  const RowRange blocks = block_range(range);
  const int64_t piece_rows = std::clamp<int64_t>(env.piece_rows, 1, kBlockRows);
  const int64_t width = static_cast<int64_t>(columns.size());
  std::vector<std::vector<double>> buffers(static_cast<size_t>(env.pool.threads()));
  env.pool.parallel_for(blocks.last - blocks.first, [&](int64_t index, int worker) {
    std::vector<double>& buffer = buffers[static_cast<size_t>(worker)];
    if (buffer.empty()) buffer.resize(static_cast<size_t>(piece_rows * width));
    const int64_t block = blocks.first + index;
    const int64_t first = block * kBlockRows;
    const int64_t last = std::min(first + kBlockRows, range.last);
    for (int64_t row = first; row < last; row += piece_rows) {
      const int64_t count = std::min(piece_rows, last - row);
      const ColumnsView<double> values{buffer.data(), count, width, piece_rows};
      read(row, columns, values);
      body({block, row, row - first, row + count == last, worker, values});
    }
    env.progress.advance(last - first);
  });
}

std::vector<Moments> column_moments(const ReadRows& read, int64_t rows, std::span<const int> columns, int width,
                                    const ChangeColumns& change, Env& env) {
  const RowRange range = rank_rows(rows, env.comm.rank(), env.comm.size());
  const RowRange blocks = block_range(range);
  const auto per_block = static_cast<size_t>(width);
  std::vector<Moments> mine(static_cast<size_t>(blocks.last - blocks.first) * per_block);
  std::vector<std::unique_ptr<MomentPass>> passes(static_cast<size_t>(env.pool.threads()));
  walk_blocks(read, range, columns, env, [&](const Piece& piece) {
    auto& pass = passes[static_cast<size_t>(piece.worker)];
    if (piece.row_in_block == 0) pass = env.backend.column_ops().start_moments(width);
    pass->add(piece.row_in_block, change ? change(piece) : ColumnsView<const double>(piece.values));
    if (!piece.last) return;
    const std::vector<Moments> closed = pass->finish();
    std::copy(closed.begin(), closed.end(), mine.begin() + (piece.block - blocks.first) * width);
  });
  const std::vector<Moments> all = env.comm.gather_all(std::span<const Moments>(mine));
  std::vector<Moments> out(per_block);
  std::vector<Moments> of_column(per_block == 0 ? 0 : all.size() / per_block);
  for (size_t c = 0; c < per_block; ++c) {
    for (size_t b = 0; b < of_column.size(); ++b) of_column[b] = all[b * per_block + c];
    out[c] = Moments::merge(std::span<const Moments>(of_column));
  }
  return out;
}

double column_sum(const ReadRows& read, int64_t rows, int column, Env& env) {
  const RowRange range = rank_rows(rows, env.comm.rank(), env.comm.size());
  const RowRange blocks = block_range(range);
  std::vector<double> mine(static_cast<size_t>(blocks.last - blocks.first));
  std::vector<CanonicalSum> sums(static_cast<size_t>(env.pool.threads()));
  walk_blocks(read, range, std::span<const int>(&column, 1), env, [&](const Piece& piece) {
    CanonicalSum& sum = sums[static_cast<size_t>(piece.worker)];
    if (piece.row_in_block == 0) sum = CanonicalSum();
    sum.add(piece.first_row, piece.values.column(0));
    if (piece.last) mine[static_cast<size_t>(piece.block - blocks.first)] = sum.total();
  });
  return CanonicalSum::merge(env.comm.gather_all(std::span<const double>(mine)));
}

}  // namespace clientele
