#include <algorithm>
#include <cmath>

#include "clean_steps.h"
#include "clientele/prep/clean.h"

namespace clientele {
namespace {

/// Source row of kept row `kept` (< rows.kept).
int64_t source_row_of(const CleanRows& rows, int64_t kept) {
  const auto after = std::upper_bound(rows.kept_before.begin(), rows.kept_before.end(), kept);
  const int64_t block = after - rows.kept_before.begin() - 1;
  int64_t left = kept - rows.kept_before[static_cast<size_t>(block)];
  int64_t row = block * kBlockRows;
  while (true) {
    const bool keeps = rows.excluded[static_cast<size_t>(row)] == 0;
    if (keeps && left == 0) return row;
    if (keeps) --left;
    ++row;
  }
}

/// Moves the kept ones of `in`'s rows to the front of `out`.
void compress(std::span<const int8_t> excluded, ColumnsView<const double> in, ColumnsView<double> out) {
  for (int64_t c = 0; c < in.columns; ++c) {
    const auto from = in.column(c);
    double* to = out.data + c * out.stride;
    for (size_t i = 0; i < excluded.size(); ++i)
      if (excluded[i] == 0) *to++ = from[i];
  }
}

}  // namespace

void read_kept(Source& source, const CleanRows& rows, int64_t first, std::span<const int> columns,
               ColumnsView<double> out) {
  if (rows.all_kept()) return source.read(first, columns, out);
  if (out.rows == 0) return;
  const int64_t chunk = std::clamp<int64_t>(out.rows, 256, 8192);
  std::vector<double> buffer;
  int64_t row = source_row_of(rows, first);
  for (int64_t done = 0; done < out.rows;) {
    const auto ahead = std::span(rows.excluded).subspan(static_cast<size_t>(row));
    int64_t taken = 0, kept = 0;
    const int64_t limit = std::min<int64_t>(chunk, static_cast<int64_t>(ahead.size()));
    while (taken < limit && kept < out.rows - done) kept += ahead[static_cast<size_t>(taken++)] == 0 ? 1 : 0;
    const ColumnsView<double> target{out.data + done, kept, out.columns, out.stride};
    if (kept == taken) {
      source.read(row, columns, target);
    } else if (kept > 0) {
      buffer.resize(static_cast<size_t>(chunk * out.columns));
      const ColumnsView<double> piece{buffer.data(), taken, out.columns, chunk};
      source.read(row, columns, piece);
      compress(ahead.first(static_cast<size_t>(taken)), piece, target);
    }
    row += taken;
    done += kept;
  }
}

CleanReader::CleanReader(Source& source, const CleanRows& rows) : source_(source), rows_(rows) {}

int64_t CleanReader::rows() const {
  return rows_.kept;
}

void CleanReader::read(int64_t first_kept_row, std::span<const int> columns, ColumnsView<double> out) const {
  read_kept(source_, rows_, first_kept_row, columns, out);
  for (size_t c = 0; c < columns.size(); ++c) {
    if (rows_.moments[static_cast<size_t>(columns[c])].infinite == 0) continue;
    for (double& x : out.column(static_cast<int64_t>(c)))
      if (std::isinf(x)) x = NAN;
  }
}

void CleanReader::source_rows(int64_t first_kept_row, std::span<int64_t> out) const {
  if (out.empty()) return;
  int64_t row = rows_.all_kept() ? first_kept_row : source_row_of(rows_, first_kept_row);
  for (int64_t& to : out) {
    while (!rows_.all_kept() && rows_.excluded[static_cast<size_t>(row)] != 0) ++row;
    to = row++;
  }
}

}  // namespace clientele
