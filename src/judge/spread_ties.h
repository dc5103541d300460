#pragma once

#include <cstdint>
#include <vector>

#include "clientele/cluster/row_sample.h"

namespace clientele {

/// The sample's values, those of columns of few distinct values (counts, years, grades) made continuous: each value
/// spreads evenly over half of the step to either neighbour, by a pure function of seed, column and global row. Between
/// 3 and 4 there is nothing because nothing is counted by halves, which is no gap; a step more than twice as wide as
/// the next ones stays one, beyond that. Left as they are: columns with more distinct values than a quarter of the
/// rows, and those with two values, whose one step has nothing to be compared with. rows() x d, row-major.
std::vector<float> spread_ties(const RowSample& sample, uint64_t seed);

}  // namespace clientele
