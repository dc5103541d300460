// Statistics and transforms in Highway. The 64 lanes of a canonical sum are independent, so they stand side by side in
// vectors.
#include <algorithm>
#include <limits>
#include <vector>

#include "kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "column_simd.cpp"
#include <hwy/foreach_target.h>
// Highway's order: foreach_target first.
#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include "distance-inl.h"
#include "quantise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace clientele {
namespace HWY_NAMESPACE {
#if HWY_NATIVE_FMA
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Doubles = hn::Vec<DoubleTag>;

/// Sixteen lanes of a MomentLanes in registers.
struct SixteenLanes {
  Doubles shift, p[kDoubleVectors], q[kDoubleVectors], low, high;
};

HWY_INLINE SixteenLanes open_lanes(const MomentLanes& lanes, int first) {
  const DoubleTag dd;
  SixteenLanes s;
  s.shift = hn::Set(dd, lanes.shift);
  s.low = hn::Set(dd, lanes.min);
  s.high = hn::Set(dd, lanes.max);
  for (int v = 0; v < kDoubleVectors; ++v) {
    s.p[v] = hn::LoadU(dd, lanes.p + first + v * kDoubles);
    s.q[v] = hn::LoadU(dd, lanes.q + first + v * kDoubles);
  }
  return s;
}

HWY_INLINE void add_sixteen(const Doubles (&x)[kDoubleVectors], SixteenLanes& s) {
  for (int v = 0; v < kDoubleVectors; ++v) {
    const auto t = hn::Sub(x[v], s.shift);
    s.p[v] = hn::Add(s.p[v], t);
    s.q[v] = hn::MulAdd(t, t, s.q[v]);
    s.low = hn::Min(s.low, x[v]);
    s.high = hn::Max(s.high, x[v]);
  }
}

HWY_INLINE void close_lanes(const SixteenLanes& s, int first, MomentLanes& lanes) {
  const DoubleTag dd;
  for (int v = 0; v < kDoubleVectors; ++v) {
    hn::StoreU(s.p[v], dd, lanes.p + first + v * kDoubles);
    hn::StoreU(s.q[v], dd, lanes.q + first + v * kDoubles);
  }
  lanes.min = hn::GetLane(hn::MinOfLanes(dd, s.low));
  lanes.max = hn::GetLane(hn::MaxOfLanes(dd, s.high));
}

HWY_INLINE bool all_finite(const double* values, int64_t count) {
  const DoubleTag dd;
  const auto largest = hn::Set(dd, std::numeric_limits<double>::max());
  auto finite = hn::Le(hn::Zero(dd), largest);
  for (int64_t i = 0; i < count; i += kDoubles)
    finite = hn::And(finite, hn::Le(hn::Abs(hn::LoadU(dd, values + i)), largest));
  return hn::AllTrue(dd, finite);
}

/// 16 values of a number feature; returns false if one is not finite.
HWY_INLINE bool transform_sixteen(const FeatureTransform& f, const double* values, float* out, int64_t& flushed) {
  const DoubleTag dd;
  const NarrowTag narrow;
  const auto largest = hn::Set(narrow, std::numeric_limits<float>::max());
  const auto least = hn::Set(dd, 0x1p-50);
  bool finite = true;
  for (int i = 0; i < kTileRows; i += kDoubles) {
    auto v = hn::LoadU(dd, values + i);
    v = hn::IfThenElse(hn::Ne(v, v), hn::Set(dd, f.impute), v);
    v = hn::IfThenElse(hn::Lt(v, hn::Set(dd, f.low)), hn::Set(dd, f.low), v);
    v = hn::IfThenElse(hn::Gt(v, hn::Set(dd, f.high)), hn::Set(dd, f.high), v);
    v = hn::Mul(hn::Set(dd, f.factor), hn::Div(hn::Sub(v, hn::Set(dd, f.shift)), hn::Set(dd, f.scale)));
    const auto rounded = hn::DemoteTo(narrow, v);
    finite = finite && hn::AllTrue(narrow, hn::Le(hn::Abs(rounded), largest));
    const auto wide = hn::PromoteTo(dd, rounded);
    const auto small = hn::Lt(hn::Abs(wide), least);
    if (HWY_UNLIKELY(!hn::AllFalse(dd, small)))
      flushed += static_cast<int64_t>(hn::CountTrue(dd, hn::And(small, hn::Ne(v, hn::Zero(dd)))));
    hn::StoreU(hn::DemoteTo(narrow, hn::IfThenZeroElse(small, wide)), narrow, out + i);
  }
  return finite;
}

/// Sums of the products of the two halves of q = a 2^20 + b over some rows of one column.
struct SquareLanes {
  hn::Vec<hn::RepartitionToWide<hn::Repartition<uint32_t, Quantised>>> aa, ab, bb;
};

HWY_INLINE void add_squares(const float* x, double scale, SquareLanes& s) {
  const Quantised di;
  const hn::RebindToUnsigned<Quantised> du;
  const hn::Repartition<uint32_t, Quantised> d32;
  alignas(32) const double scales[4] = {scale, scale, scale, scale};
  for (int i = 0; i < kTileRows; i += kQuantised) {
    const hn::Rebind<float, QuantisedDouble> narrow;
    const auto magnitude = hn::PromoteTo(QuantisedDouble(), hn::Abs(hn::LoadU(narrow, x + i)));
    const auto q = hn::BitCast(du, quantise_vector(magnitude, scales));
    const auto a = hn::BitCast(d32, hn::ShiftRight<20>(q));
    const auto b = hn::BitCast(d32, hn::And(q, hn::Set(du, uint64_t{0xFFFFF})));
    s.aa = hn::Add(s.aa, hn::MulEven(a, a));
    s.ab = hn::Add(s.ab, hn::MulEven(a, b));
    s.bb = hn::Add(s.bb, hn::MulEven(b, b));
  }
  (void)di;
}

Int128 total_squares(const SquareLanes& s) {
  const hn::RebindToUnsigned<Quantised> du;
  alignas(64) uint64_t aa[kQuantised], ab[kQuantised], bb[kQuantised];
  hn::Store(s.aa, du, aa);
  hn::Store(s.ab, du, ab);
  hn::Store(s.bb, du, bb);
  Int128 sum = 0;
  for (int i = 0; i < kQuantised; ++i)
    sum += (static_cast<Int128>(aa[i]) << 40) + (static_cast<Int128>(ab[i]) << 21) + static_cast<Int128>(bb[i]);
  return sum;
}

class SimdColumn final : public ColumnKernels {
 public:
  int64_t add_moments(std::span<const double> values, MomentLanes& lanes) const override {
    const int64_t groups = static_cast<int64_t>(values.size()) / kLanes;
    constexpr int64_t kChunk = 8;  // groups that share one load and store of the lanes; 4 KiB of values
    int64_t done = 0;
    while (done < groups) {
      const double* chunk = values.data() + done * kLanes;
      int64_t count = std::min(kChunk, groups - done);
      if (!all_finite(chunk, count * kLanes)) {
        if (!all_finite(chunk, kLanes)) break;
        count = 1;
      }
      for (int first = 0; first < kLanes; first += kTileRows) {
        SixteenLanes s = open_lanes(lanes, first);
        for (int64_t g = 0; g < count; ++g) {
          Doubles x[kDoubleVectors];
          for (int v = 0; v < kDoubleVectors; ++v)
            x[v] = hn::LoadU(DoubleTag(), chunk + g * kLanes + first + v * kDoubles);
          add_sixteen(x, s);
        }
        close_lanes(s, first, lanes);
      }
      done += count;
    }
    return done * kLanes;
  }

  void add_row_moments(const Tiles& tiles, std::span<MomentLanes> lanes) const override {
    constexpr int64_t kChunk = 4;  // groups of 4 tiles
    const int64_t tile_floats = int64_t{kTileRows} * tiles.d;
    const int64_t groups = tiles.count / 4;
    for (int64_t begin = 0; begin < groups; begin += kChunk) {
      const int64_t count = std::min(kChunk, groups - begin);
      for (int j = 0; j < tiles.d; ++j) {
        for (int t = 0; t < 4; ++t) {
          SixteenLanes s = open_lanes(lanes[static_cast<size_t>(j)], t * kTileRows);
          for (int64_t g = 0; g < count; ++g) {
            const float* x = tiles.data + ((begin + g) * 4 + t) * tile_floats + j * kTileRows;
            hwy::Prefetch(x + kChunk * 4 * tile_floats);
            Doubles wide[kDoubleVectors];
            load_doubles(x, wide);
            add_sixteen(wide, s);
          }
          close_lanes(s, t * kTileRows, lanes[static_cast<size_t>(j)]);
        }
      }
    }
  }

  TransformTally transform_number(const FeatureTransform& f, const double* values, int64_t tiles, float* out,
                                  int64_t out_stride) const override {
    TransformTally tally;
    for (int64_t t = 0; t < tiles; ++t)
      if (!transform_sixteen(f, values + t * kTileRows, out + t * out_stride, tally.flushed)) tally.all_finite = false;
    return tally;
  }

  void centre(float* tiles, int64_t count, std::span<const double> means) const override {
    const DoubleTag dd;
    const NarrowTag narrow;
    const auto least = hn::Set(narrow, 0x1p-50f);
    float* x = tiles;
    for (int64_t t = 0; t < count; ++t) {
      for (const double mean : means) {
        for (int i = 0; i < kTileRows; i += kDoubles, x += kDoubles) {
          const auto v = hn::DemoteTo(narrow, hn::Sub(hn::PromoteTo(dd, hn::LoadU(narrow, x)), hn::Set(dd, mean)));
          hn::StoreU(hn::IfThenZeroElse(hn::Lt(hn::Abs(v), least), v), narrow, x);
        }
      }
    }
  }

  void max_abs(const Tiles& tiles, std::span<float> largest) const override {
    const hn::CappedTag<float, kTileRows> df;
    const int lanes = static_cast<int>(hn::Lanes(df));
    std::vector<float> most(static_cast<size_t>(tiles.d) * kTileRows);
    const int64_t floats = int64_t{kTileRows} * tiles.d;
    for (int64_t t = 0; t < tiles.count; ++t)
      for (int64_t i = 0; i < floats; i += lanes)
        hn::StoreU(hn::Max(hn::LoadU(df, most.data() + i), hn::Abs(hn::LoadU(df, tiles.data + t * floats + i))), df,
                   most.data() + i);
    for (size_t i = 0; i < most.size(); ++i) largest[i / kTileRows] = std::max(largest[i / kTileRows], most[i]);
  }

  void square_sums(const Tiles& tiles, std::span<const double> scales, std::span<Int128> sums) const override {
    constexpr int64_t kChunk = 16;
    const hn::RebindToUnsigned<Quantised> du;
    const int64_t tile_floats = int64_t{kTileRows} * tiles.d;
    for (int64_t begin = 0; begin < tiles.count; begin += kChunk) {
      const int64_t end = std::min(tiles.count, begin + kChunk);
      for (size_t j = 0; j < scales.size(); ++j) {
        SquareLanes s{hn::Zero(du), hn::Zero(du), hn::Zero(du)};
        for (int64_t t = begin; t < end; ++t)
          add_squares(tiles.data + t * tile_floats + static_cast<int64_t>(j) * kTileRows, scales[j], s);
        sums[j] += total_squares(s);
      }
    }
  }
};

}  // namespace

const ColumnKernels* simd_column() {
  static const SimdColumn kernels;
  return &kernels;
}
#else
const ColumnKernels* simd_column() {
  return nullptr;
}
#endif  // HWY_NATIVE_FMA
}  // namespace HWY_NAMESPACE
}  // namespace clientele
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "simd_level.h"
namespace clientele {
const ColumnKernels* simd_column_kernels(SimdLevel level) {
  return CLIENTELE_SIMD(level, simd_column);
}
}  // namespace clientele
#endif
