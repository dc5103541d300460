#include "transpose.h"

#include <cstring>

namespace clientele {
namespace {

// Compiler vectors instead of intrinsics: the baseline build lowers them to SSE2 (or to whatever another processor
// has).
using Float4 = float __attribute__((vector_size(16)));
using Double4 = double __attribute__((vector_size(32)));

#define CLIENTELE_INLINE inline __attribute__((always_inline))

CLIENTELE_INLINE void store_widened(Float4 column, double* out) {
  const Float4 v = column + 0.0F;
  // Spelt out: of __builtin_convertvector GCC 12 makes two halves.
  const Double4 wide = {static_cast<double>(v[0]), static_cast<double>(v[1]), static_cast<double>(v[2]),
                        static_cast<double>(v[3])};
  std::memcpy(out, &wide, sizeof wide);
}

/// Four rows of four cells, through two rounds of interleaving.
CLIENTELE_INLINE void tile4(const std::byte* data, size_t row_bytes, double* const* out, int64_t row) {
  Float4 a, b, c, d;
  std::memcpy(&a, data, sizeof a);
  std::memcpy(&b, data + row_bytes, sizeof b);
  std::memcpy(&c, data + 2 * row_bytes, sizeof c);
  std::memcpy(&d, data + 3 * row_bytes, sizeof d);
  const Float4 ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const Float4 cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  store_widened(__builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5), out[0] + row);
  store_widened(__builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7), out[1] + row);
  store_widened(__builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5), out[2] + row);
  store_widened(__builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7), out[3] + row);
}

template <class T>
CLIENTELE_INLINE void column_by_column(const std::byte* data, size_t row_bytes, int64_t from, int64_t rows,
                                       double* out) {
  for (int64_t i = from; i < rows; ++i) {
    T value;
    std::memcpy(&value, data + static_cast<size_t>(i) * row_bytes, sizeof value);
    out[i] = static_cast<double>(value) + 0.0;
  }
}

CLIENTELE_INLINE void transpose_float32(const std::byte* data, size_t row_bytes, int64_t rows,
                                        std::span<double* const> out) {
  size_t j = 0;
  for (; j + 4 <= out.size(); j += 4) {
    const std::byte* cells = data + j * sizeof(float);
    double* const to[4] = {out[j], out[j + 1], out[j + 2], out[j + 3]};
    int64_t i = 0;
    for (; i + 4 <= rows; i += 4) tile4(cells + static_cast<size_t>(i) * row_bytes, row_bytes, to, i);
    for (size_t c = 0; c < 4; ++c) column_by_column<float>(cells + c * sizeof(float), row_bytes, i, rows, to[c]);
  }
  for (; j < out.size(); ++j) column_by_column<float>(data + j * sizeof(float), row_bytes, 0, rows, out[j]);
}

void transpose_float32_any(const std::byte* data, size_t row_bytes, int64_t rows, std::span<double* const> out) {
  transpose_float32(data, row_bytes, rows, out);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) void transpose_float32_avx2(const std::byte* data, size_t row_bytes, int64_t rows,
                                                            std::span<double* const> out) {
  transpose_float32(data, row_bytes, rows, out);
}
bool has_avx2() {
  return __builtin_cpu_supports("avx2") != 0;
}
#else
constexpr Transpose transpose_float32_avx2 = transpose_float32_any;
bool has_avx2() {
  return false;
}
#endif

void transpose_float64(const std::byte* data, size_t row_bytes, int64_t rows, std::span<double* const> out) {
  for (size_t j = 0; j < out.size(); ++j)
    column_by_column<double>(data + j * sizeof(double), row_bytes, 0, rows, out[j]);
}

}  // namespace

std::vector<Transpose> transpose_kernels(const h5::ElementType& type) {
  const bool floating = type.kind == h5::ElementKind::number && type.form == h5::NumberForm::floating;
  if (!floating || !type.plain || type.big_endian) return {};
  if (type.bytes == 8) return {transpose_float64};
  if (type.bytes != 4) return {};
  std::vector<Transpose> kernels = {transpose_float32_any};
  if (has_avx2()) kernels.push_back(transpose_float32_avx2);
  return kernels;
}

Transpose transpose_kernel(const h5::ElementType& type) {
  const std::vector<Transpose> kernels = transpose_kernels(type);
  return kernels.empty() ? nullptr : kernels.back();
}

}  // namespace clientele
