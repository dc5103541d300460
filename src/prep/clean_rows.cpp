#include <algorithm>
#include <cmath>

#include "block_walk.h"
#include "clean_steps.h"

namespace clientele {
namespace {

/// Columns of every check once, ascending, and where each stands in a piece.
struct ReadColumns {
  std::vector<int> columns;
  std::vector<int64_t> missing, infinite, times;

  explicit ReadColumns(const RowChecks& checks) {
    for (const auto* list : {&checks.missing, &checks.infinite, &checks.times})
      columns.insert(columns.end(), list->begin(), list->end());
    std::sort(columns.begin(), columns.end());
    columns.erase(std::unique(columns.begin(), columns.end()), columns.end());
    missing = positions(checks.missing);
    infinite = positions(checks.infinite);
    times = positions(checks.times);
  }

 private:
  std::vector<int64_t> positions(const std::vector<int>& wanted) const {
    std::vector<int64_t> out;
    for (const int c : wanted) out.push_back(std::lower_bound(columns.begin(), columns.end(), c) - columns.begin());
    return out;
  }
};

void mark(std::span<int8_t> excluded, size_t row, Exclusion reason) {
  if (excluded[row] == 0) excluded[row] = static_cast<int8_t>(reason);
}

RowFindings check_times(const RowChecks& checks, const ReadColumns& read, const Piece& piece,
                        std::span<int8_t> excluded) {
  RowFindings found;
  for (size_t row = 0; row < excluded.size(); ++row) {
    if (excluded[row] != 0) continue;
    double latest = -INFINITY;
    bool present = false;
    for (const int64_t c : read.times) {
      const double time = piece.values.column(c)[row];
      present = present || time == time;
      if (time > latest) latest = time;
    }
    const bool stale = present && latest < checks.stale_before;
    const bool future = latest > checks.future_after;
    found.stale += stale ? 1 : 0;
    found.future += future ? 1 : 0;
    if (stale && checks.drop_stale) mark(excluded, row, Exclusion::stale);
    if (future && checks.drop_future) mark(excluded, row, Exclusion::future);
  }
  return found;
}

RowFindings check_piece(const RowChecks& checks, const ReadColumns& read, const Piece& piece,
                        std::span<int8_t> excluded) {
  for (const int64_t c : read.missing) {
    const auto values = piece.values.column(c);
    for (size_t row = 0; row < excluded.size(); ++row)
      if (std::isnan(values[row])) mark(excluded, row, Exclusion::missing);
  }
  for (const int64_t c : read.infinite) {
    const auto values = piece.values.column(c);
    for (size_t row = 0; row < excluded.size(); ++row)
      if (std::isinf(values[row])) mark(excluded, row, Exclusion::infinite);
  }
  return check_times(checks, read, piece, excluded);
}

}  // namespace

RowFindings check_rows(Source& source, const RowChecks& checks, std::vector<int8_t>& excluded, Env& env) {
  const ReadColumns read(checks);
  const RowRange range = rank_rows(source.rows(), env.comm.rank(), env.comm.size());
  std::vector<RowFindings> found(static_cast<size_t>(env.pool.threads()));
  const ReadRows rows = [&](int64_t first, std::span<const int> columns, ColumnsView<double> out) {
    source.read(first, columns, out);
  };
  walk_blocks(rows, range, read.columns, env, [&](const Piece& piece) {
    const auto reasons =
        std::span(excluded).subspan(static_cast<size_t>(piece.first_row), static_cast<size_t>(piece.values.rows));
    const RowFindings more = check_piece(checks, read, piece, reasons);
    found[static_cast<size_t>(piece.worker)].stale += more.stale;
    found[static_cast<size_t>(piece.worker)].future += more.future;
  });
  int64_t sums[2] = {0, 0};
  for (const RowFindings& f : found) {
    sums[0] += f.stale;
    sums[1] += f.future;
  }
  env.comm.sum(sums);
  if (env.comm.size() > 1)
    excluded = env.comm.gather_all(std::span<const int8_t>(excluded).subspan(
        static_cast<size_t>(range.first), static_cast<size_t>(range.last - range.first)));
  return {sums[0], sums[1]};
}

void number_kept_rows(CleanRows& rows) {
  rows.kept = std::count(rows.excluded.begin(), rows.excluded.end(), int8_t{0});
  rows.kept_before.clear();
  if (rows.excluded.empty() || rows.kept == rows.source_rows) {
    rows.kept = rows.source_rows;
    rows.excluded.clear();
    rows.excluded.shrink_to_fit();
    return;
  }
  int64_t kept = 0;
  for (int64_t first = 0; first < rows.source_rows; first += kBlockRows) {
    rows.kept_before.push_back(kept);
    const auto begin = rows.excluded.begin() + first;
    kept += std::count(begin, begin + std::min(kBlockRows, rows.source_rows - first), int8_t{0});
  }
}

std::vector<Moments> measure(Source& source, const CleanRows& rows, std::span<const int> columns, Env& env) {
  const ReadRows read = [&](int64_t first, std::span<const int> wanted, ColumnsView<double> out) {
    read_kept(source, rows, first, wanted, out);
  };
  const auto read_moments = column_moments(read, rows.kept, columns, static_cast<int>(columns.size()), {}, env);
  std::vector<Moments> out(source.schema().columns.size());
  for (size_t i = 0; i < columns.size(); ++i) out[static_cast<size_t>(columns[i])] = read_moments[i];
  return out;
}

}  // namespace clientele
