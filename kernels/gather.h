// Rows out of a block, row-major on the host.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "rows.h"

namespace clientele::gpu {

/// Local rows `which`, which.size() x d row-major, into `out`.
void fetch_rows(const CudaRows& rows, std::span<const int64_t> which, std::span<float> out);

/// Adds row vectors that differ from all of `distinct` (in row order; rows of weight 0 do not count) until there are
/// `limit`.
void add_distinct_rows(const CudaRows& rows, int64_t limit, std::vector<std::vector<float>>& distinct);

}  // namespace clientele::gpu
