// Rows whose id was seen before.
#pragma once

#include <cstdint>
#include <vector>

#include "clientele/base/thread_pool.h"
#include "clientele/data/ids.h"

namespace clientele {

enum class KeepRow { first, last };

struct DuplicateIds {
  int64_t found = 0;             ///< surplus rows: rows minus distinct ids
  int64_t first_row = -1;        ///< the lowest row that repeats an id,
  int64_t repeats_row = -1;      ///< and the first row with that id
  std::vector<int64_t> surplus;  ///< ascending: every row but the kept one of its id
};

/// Exact: ids are compared, not only their hashes. Ids of kind row_number have no duplicates.
DuplicateIds find_duplicate_ids(const IdColumn& ids, KeepRow keep, ThreadPool& pool);

}  // namespace clientele
