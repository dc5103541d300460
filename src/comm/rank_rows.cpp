#include <algorithm>
#include <string>

#include "clientele/base/canonical.h"
#include "clientele/base/errors.h"
#include "clientele/comm/comm.h"

namespace clientele {

RowRange rank_rows(int64_t rows, int rank, int ranks) {
  if (rows < 0 || ranks < 1 || rank < 0 || rank >= ranks) {
    throw Error{ErrorKind::internal,
                {.what = "no such share of the rows",
                 .where = "rank_rows",
                 .expected = "0 <= rank < ranks, rows >= 0",
                 .found = "rank " + std::to_string(rank) + " of " + std::to_string(ranks) + ", " +
                          std::to_string(rows) + " rows"}};
  }
  const int64_t blocks = rows / kBlockRows + (rows % kBlockRows != 0 ? 1 : 0);
  const int64_t even = blocks / ranks;
  const int64_t left_over = blocks % ranks;
  const int64_t first_block = rank * even + std::min<int64_t>(rank, left_over);
  const int64_t last_block = first_block + even + (rank < left_over ? 1 : 0);
  return {std::min(first_block * kBlockRows, rows), std::min(last_block * kBlockRows, rows)};
}

}  // namespace clientele
