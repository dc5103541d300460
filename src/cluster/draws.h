// What greedy seeding asks of the rows of all ranks while their min_d2 slots are in use. Collective.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "clientele/env/env.h"
#include "clientele/prep/row_blocks.h"

namespace clientele {

/// One for each key; nothing drawn yet.
std::vector<Draw> no_draws(size_t count);
/// The rows drawn over all ranks, from what SampleOps::draw left on each, without those drawn before; fewer than keys
/// if rows repeat or none has weight left.
std::vector<int64_t> drawn_rows(std::span<const Draw> own, Comm& comm);
/// The totals of each, over all ranks.
std::vector<double> merged(std::span<const CanonicalSum> sums, Comm& comm);

/// The row that each key draws by weight m * min_d2 (smallest weighted key, ties by lowest row), as drawn_rows.
std::vector<int64_t> draw_rows(RowBlocks& rows, std::span<const RandomKey> keys, Env& env);

/// sum of m * min(min_d2, D(x, candidate)) for each candidate (row-major, d each), canonical.
std::vector<double> potentials(RowBlocks& rows, std::span<const float> candidates, Env& env);

}  // namespace clientele
