// Reading rows block by block: each 65,536-row global block belongs to one thread, which gets its pieces in ascending
// order. So whatever is accumulated per block is the same for any number of threads and any piece size.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "clientele/base/canonical.h"
#include "clientele/base/views.h"
#include "clientele/comm/comm.h"
#include "clientele/env/env.h"

namespace clientele {

/// Source::read, CleanReader::read or the like: rows [first_row, first_row + out.rows) in some numbering.
using ReadRows = std::function<void(int64_t first_row, std::span<const int> columns, ColumnsView<double> out)>;

struct Piece {
  int64_t block = 0;         ///< global number of the 65,536-row block
  int64_t first_row = 0;     ///< global
  int64_t row_in_block = 0;  ///< 0 for a block's first piece
  bool last = false;         ///< of its block
  int worker = 0;
  ColumnsView<double> values;  ///< columns x rows; may be overwritten
};

/// Reads rows [range.first, range.last) and hands them to body, pieces of env.piece_rows at most. range.first lies on a
/// block boundary. One call of body at a time per worker; pieces of one block all go to the same worker, one after
/// another.
void walk_blocks(const ReadRows& read, RowRange range, std::span<const int> columns, Env& env,
                 const std::function<void(const Piece&)>& body);

/// Numbers of the 65,536-row blocks that a range touches: [first, last).
RowRange block_range(RowRange rows);

/// Canonical moments of columns over all `rows` rows of all ranks; each rank reads its own blocks. `change` (may be
/// empty) turns a piece's columns (in place or into other storage, `width` columns) into what is measured.
using ChangeColumns = std::function<ColumnsView<const double>(const Piece&)>;
std::vector<Moments> column_moments(const ReadRows& read, int64_t rows, std::span<const int> columns, int width,
                                    const ChangeColumns& change, Env& env);

/// The canonical sum of one column over all ranks.
double column_sum(const ReadRows& read, int64_t rows, int column, Env& env);

}  // namespace clientele
