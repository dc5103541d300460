// Canonical moments: vectorised where 64 values in a row are finite, plain otherwise; the bits are those of
// MomentLanes::add.
#pragma once

#include <vector>

#include "cpu_backend.h"

namespace clientele {

/// Adds values[i] as row (row_in_block + i) of the block.
void add_values(const ColumnKernels& kernels, int64_t row_in_block, std::span<const double> values, MomentLanes& lanes);
/// Moments of each feature of one 65,536-row block: `count` tiles from `first` on.
std::vector<Moments> block_moments(const ColumnKernels& kernels, const CpuRows& rows, int64_t first, int64_t count);

}  // namespace clientele
