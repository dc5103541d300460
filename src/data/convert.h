// Stored numbers to the program's: any integer or float, both byte orders, to double (-0 made +0) or to int64.
#pragma once

#include <cstddef>
#include <cstdint>

#include "hdf5/types.h"

namespace clientele {

/// n numbers, `stride` bytes apart (0: the same one n times), to out[0 .. n).
using ToDouble = void (*)(const std::byte* data, size_t stride, int64_t n, double* out);
/// As ToDouble, for integers; false if one does not fit into int64.
using ToInteger = bool (*)(const std::byte* data, size_t stride, int64_t n, int64_t* out);

/// type.plain and numeric (or the integer form of a category).
ToDouble to_double_converter(const h5::ElementType& type);
/// Null for floating types.
ToInteger to_integer_converter(const h5::ElementType& type);

}  // namespace clientele
