// Philox4x32-10 in Highway: one counter a 64-bit lane.
#include "cpu_rows.h"
#include "kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "random_simd.cpp"
#include <hwy/foreach_target.h>
// Highway's order: foreach_target first.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace clientele {
namespace HWY_NAMESPACE {
#if HWY_NATIVE_FMA
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Wide = hn::CappedTag<uint64_t, 8>;
using Words = hn::Vec<Wide>;
constexpr int kWide = static_cast<int>(hn::MaxLanes(Wide()));
/// Vectors in flight, to hide the latency of the rounds' multiplications.
constexpr int kFlight = 2;

/// The full product of the low halves.
HWY_INLINE Words multiply(Words a, uint32_t b) {
  const hn::Repartition<uint32_t, Wide> d32;
  return hn::MulEven(hn::BitCast(d32, a), hn::BitCast(d32, hn::Set(Wide(), uint64_t{b})));
}

/// One word of a lane's counter lies in its low half; what stands above it never reaches a product.
HWY_INLINE void philox_round(Words (&w)[4], uint32_t key0, uint32_t key1) {
  const Words a = multiply(w[0], 0xD2511F53u);
  const Words b = multiply(w[2], 0xCD9E8D57u);
  w[0] = hn::Xor(hn::Xor(hn::ShiftRight<32>(b), w[1]), hn::Set(Wide(), uint64_t{key0}));
  w[2] = hn::Xor(hn::Xor(hn::ShiftRight<32>(a), w[3]), hn::Set(Wide(), uint64_t{key1}));
  w[1] = b;
  w[3] = a;
}

class SimdRandom final : public RandomKernels {
 public:
  void bits(const RandomKey& key, int64_t first_row, int64_t count, uint64_t* out) const override {
    const Wide dw;
    const uint64_t stepped = key.seed + uint64_t{0x9E3779B97F4A7C15u} * key.step;
    for (int64_t i = 0; i < count; i += kFlight * kWide) {
      Words w[kFlight][4];
      for (int f = 0; f < kFlight; ++f) {
        const Words row = hn::Iota(dw, static_cast<uint64_t>(first_row + i + f * kWide));
        w[f][0] = row;
        w[f][1] = hn::ShiftRight<32>(row);
        w[f][2] = hn::Set(dw, uint64_t{key.trial});
        w[f][3] = hn::Set(dw, uint64_t{(static_cast<uint32_t>(key.purpose) << 24) ^ key.restart});
      }
      uint32_t key0 = static_cast<uint32_t>(stepped);
      uint32_t key1 = static_cast<uint32_t>(stepped >> 32);
      for (int round = 0; round < 10; ++round) {
        for (int f = 0; f < kFlight; ++f) philox_round(w[f], key0, key1);
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
      }
      const Words low = hn::Set(dw, uint64_t{0xFFFFFFFF});
      for (int f = 0; f < kFlight; ++f)
        hn::StoreU(hn::ShiftRight<12>(hn::Or(hn::ShiftLeft<32>(w[f][1]), hn::And(w[f][0], low))), dw,
                   out + i + f * kWide);
    }
  }
};
static_assert(kTileRows % (kFlight * kWide) == 0);

}  // namespace

const RandomKernels* simd_random() {
  static const SimdRandom kernels;
  return &kernels;
}
#else
const RandomKernels* simd_random() {
  return nullptr;
}
#endif  // HWY_NATIVE_FMA
}  // namespace HWY_NAMESPACE
}  // namespace clientele
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "simd_level.h"
namespace clientele {
const RandomKernels* simd_random_kernels(SimdLevel level) {
  return CLIENTELE_SIMD(level, simd_random);
}
}  // namespace clientele
#endif
