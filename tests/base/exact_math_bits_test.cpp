// The bits of exact_math, pinned: the same for every compiler, optimisation level, instruction set and machine, fused
// multiply-add or not. They were recorded with GCC 12 on x86-64 and came out equal at -O0, -O2, -O3, with and without
// -mfma, and from Clang.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>

#include "clientele/base/exact_math.h"
#include "clientele/base/random.h"

namespace clientele {
namespace {

/// Folds f over 20,000 arguments in [-reach, reach] and as many over all magnitudes.
template <class F>
uint64_t bits_of(double reach, F f) {
  uint64_t hash = 0;
  const auto mix = [&](double y) {
    if (y != y) y = 0;  // the bits of a NaN are nobody's promise
    hash = (hash ^ std::bit_cast<uint64_t>(y)) * 0x9E3779B97F4A7C15;
    hash ^= hash >> 29;
  };
  const RandomKey key = {.seed = 1, .purpose = Purpose::generate};
  for (int64_t i = 0; i < 20'000; ++i) {
    const uint64_t r = random_bits(key, i);
    mix(f(reach * (static_cast<double>(r) * 0x1p-51 - 1)));
    mix(f(std::ldexp(static_cast<double>(r | 1) * 0x1p-52, static_cast<int>(r % 200) - 150)));
  }
  return hash;
}

TEST(ExactMathBits, AreTheRecordedOnes) {
  EXPECT_EQ(bits_of(2, [](double x) { return exact::log(std::fabs(x)); }), 0x40f0f4a3da060a5c);
  EXPECT_EQ(bits_of(2, [](double x) { return exact::log1p(x); }), 0x0f16451e59eb1a18);
  EXPECT_EQ(bits_of(740, [](double x) { return exact::exp(x); }), 0xc1bcaf2ebd7f555a);
  EXPECT_EQ(bits_of(10, [](double x) { return exact::asinh(x); }), 0x54d3712a69db757e);
  EXPECT_EQ(bits_of(1, [](double x) { return exact::erfinv(x); }), 0xf0ce3577e9afd92e);
  EXPECT_EQ(bits_of(1e4, [](double x) { return exact::sin(x); }), 0x224713bbac9f1ca9);
  EXPECT_EQ(bits_of(1e4, [](double x) { return exact::cos(x); }), 0x4cccf5359dceeed3);
  EXPECT_EQ(bits_of(3, [](double x) { return exact::atan2(x, 1 - x); }), 0x1d948ae8eff4f94f);
}

}  // namespace
}  // namespace clientele
