// The commonest case made fast: adjacent float32 or float64 cells of rows, to columns of doubles.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "hdf5/types.h"

namespace clientele {

/// Cell j of row i (its bytes at data + i * row_bytes + j * the element's size, native byte order) goes to out[j][i]
/// for i in [0, rows); -0 becomes +0.
using Transpose = void (*)(const std::byte* data, size_t row_bytes, int64_t rows, std::span<double* const> out);

/// All kernels for the type that this processor can run, the fastest last; they give the same values. Empty for types
/// that have none.
std::vector<Transpose> transpose_kernels(const h5::ElementType& type);
/// The fastest of them, or null.
Transpose transpose_kernel(const h5::ElementType& type);

}  // namespace clientele
