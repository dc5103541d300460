// A matrix in a raw file, and the engine's rows made of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "clientele/env/env.h"
#include "clientele/prep/row_blocks.h"

namespace clientele::bench {

/// rows x columns little-endian values of a file that holds nothing else. Throws Error{files} if there are not as many.
std::vector<float> read_floats(const std::string& path, int64_t rows, int columns);
void write_floats(const std::string& path, const std::vector<float>& values);

/// Overlapping groups (GroupedValues), or structureless rows for groups = 1: n x d, row-major.
std::vector<float> generated_rows(int64_t n, int d, int groups, ThreadPool& pool);

/// The rows as make_row_blocks brings them into the engine's space: centred by the canonical means, with variances and
/// fixed-point scales. values: n x d, row-major.
RowBlocks engine_rows(const std::vector<float>& values, int64_t n, int d, Env& env);

}  // namespace clientele::bench
