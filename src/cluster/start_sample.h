// A sample of the rows of all ranks, the same on each of them, as rows of its own: what starts are found on.
#pragma once

#include <functional>

#include "clientele/env/env.h"
#include "clientele/prep/row_blocks.h"

namespace clientele {

/// The `count` rows of positive weight with the smallest keys (all of them if there are no more), in row order.
/// Collective; one read of the rows, more only where many have no weight.
SampledRows draw_start_sample(RowBlocks& rows, int64_t count, uint64_t seed, Env& env);

/// Writes all rows of a block: row i as it is (engine space) from the d values at values_of(i). Thread-safe values_of.
void fill_block(RowBlock& block, const std::function<const float*(int64_t)>& values_of, Env& env);

/// The `count` smallest keys of the sample, in row order and numbered from 0, with the scales and weights of `rows`. Of
/// this rank alone: to be worked on with an Env whose Comm has one rank.
RowBlocks sample_blocks(const SampledRows& sample, int64_t count, const RowBlocks& rows, Env& env);

}  // namespace clientele
