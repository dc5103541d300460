// What seeding, samples and indices ask of the rows of all ranks. Collective: every rank calls with the same arguments
// and gets the same answer.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "clientele/env/env.h"
#include "clientele/prep/row_blocks.h"

namespace clientele {

/// Global rows, in the order asked for: count x d, row-major. Every row must exist.
std::vector<float> fetch_rows(const RowBlocks& rows, std::span<const int64_t> global, Env& env);

/// The `count` smallest (random_bits(key, row), row) of rows of positive weight, ascending; fewer if there are no more.
std::vector<std::pair<uint64_t, int64_t>> smallest_keys(const RowBlocks& rows, const RandomKey& key, int64_t count,
                                                        Env& env);

/// Canonical block sums of this rank, `width` values a block -> their sequential merge over all blocks of all ranks.
std::vector<double> merge_blocks(const std::vector<std::vector<double>>& blocks, int width, Comm& comm);

/// Distinct row vectors of positive weight, at most `limit` of them.
int64_t count_distinct_rows(const RowBlocks& rows, int64_t limit, Env& env);

/// In place, over all ranks.
void sum_over_ranks(std::span<Int128> values, Comm& comm);

}  // namespace clientele
