#include "convert.h"

#include <bit>
#include <cstring>
#include <limits>
#include <type_traits>

namespace clientele {
namespace {

static_assert(std::endian::native == std::endian::little,
              "stored numbers are converted on little-endian machines only");

struct Half {
  uint16_t bits;
};

template <class T>
struct WordOf {
  using type = std::make_unsigned_t<T>;
};
template <>
struct WordOf<float> {
  using type = uint32_t;
};
template <>
struct WordOf<double> {
  using type = uint64_t;
};
template <>
struct WordOf<Half> {
  using type = uint16_t;
};

uint8_t reversed(uint8_t word) {
  return word;
}
uint16_t reversed(uint16_t word) {
  return __builtin_bswap16(word);
}
uint32_t reversed(uint32_t word) {
  return __builtin_bswap32(word);
}
uint64_t reversed(uint64_t word) {
  return __builtin_bswap64(word);
}

template <class T, bool kSwap>
T load(const std::byte* data) {
  typename WordOf<T>::type word;
  std::memcpy(&word, data, sizeof word);
  if constexpr (kSwap) word = reversed(word);
  return std::bit_cast<T>(word);
}

/// IEEE 754 binary16: 5 exponent bits with bias 15, 10 mantissa bits.
double widen(Half half) {
  const uint32_t sign = static_cast<uint32_t>(half.bits & 0x8000u) << 16;
  const uint32_t exponent = (half.bits >> 10) & 31u;
  const uint32_t mantissa = half.bits & 1023u;
  if (exponent == 0) {
    const double tiny = static_cast<double>(mantissa) * 0x1p-24;
    return sign != 0 ? -tiny : tiny;
  }
  const uint32_t wide = exponent == 31 ? 255u : exponent + 112u;
  return std::bit_cast<float>(sign | (wide << 23) | (mantissa << 13));
}
template <class T>
double widen(T value) {
  return static_cast<double>(value);
}

template <class T, bool kSwap>
void to_double_run(const std::byte* data, size_t stride, int64_t n, double* out) {
  if (stride == sizeof(T)) {  // a constant stride is what the compiler can vectorise
    for (int64_t i = 0; i < n; ++i) out[i] = widen(load<T, kSwap>(data + static_cast<size_t>(i) * sizeof(T))) + 0.0;
    return;
  }
  for (int64_t i = 0; i < n; ++i) out[i] = widen(load<T, kSwap>(data + static_cast<size_t>(i) * stride)) + 0.0;
}

template <class T, bool kSwap>
bool to_integer_run(const std::byte* data, size_t stride, int64_t n, int64_t* out) {
  bool fits = true;
  for (int64_t i = 0; i < n; ++i) {
    const T value = load<T, kSwap>(data + static_cast<size_t>(i) * stride);
    if constexpr (std::is_same_v<T, uint64_t>) {
      fits = fits && value <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
    }
    out[i] = static_cast<int64_t>(value);
  }
  return fits;
}

template <class T>
ToDouble pick_double(bool swap) {
  return swap ? to_double_run<T, true> : to_double_run<T, false>;
}
template <class T>
ToInteger pick_integer(bool swap) {
  return swap ? to_integer_run<T, true> : to_integer_run<T, false>;
}

}  // namespace

ToDouble to_double_converter(const h5::ElementType& type) {
  const bool swap = type.big_endian;
  if (type.form == h5::NumberForm::floating) {
    return type.bytes == 2   ? pick_double<Half>(swap)
           : type.bytes == 4 ? pick_double<float>(swap)
                             : pick_double<double>(swap);
  }
  const bool negative = type.form == h5::NumberForm::signed_integer;
  switch (type.bytes) {
    case 1:
      return negative ? pick_double<int8_t>(swap) : pick_double<uint8_t>(swap);
    case 2:
      return negative ? pick_double<int16_t>(swap) : pick_double<uint16_t>(swap);
    case 4:
      return negative ? pick_double<int32_t>(swap) : pick_double<uint32_t>(swap);
    default:
      return negative ? pick_double<int64_t>(swap) : pick_double<uint64_t>(swap);
  }
}

ToInteger to_integer_converter(const h5::ElementType& type) {
  if (type.form == h5::NumberForm::floating) return nullptr;
  const bool swap = type.big_endian;
  const bool negative = type.form == h5::NumberForm::signed_integer;
  switch (type.bytes) {
    case 1:
      return negative ? pick_integer<int8_t>(swap) : pick_integer<uint8_t>(swap);
    case 2:
      return negative ? pick_integer<int16_t>(swap) : pick_integer<uint16_t>(swap);
    case 4:
      return negative ? pick_integer<int32_t>(swap) : pick_integer<uint32_t>(swap);
    default:
      return negative ? pick_integer<int64_t>(swap) : pick_integer<uint64_t>(swap);
  }
}

}  // namespace clientele
