// The screen on tensor cores: rounding, the order of the operands, and bounds that hold whatever the accumulation does
// within its allowance. On the stand-in; tensor_cuda_test asks a GPU for that allowance.
#include "kernels/tensor.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/tensor_model.h"
#include "kernels/tensor_probe.h"
#include "tests/support/row_makers.h"

namespace clientele::gpu {
namespace {

constexpr int32_t kLeftOver = -2;  // kUncertain of nearest.h

TEST(Bf16, RoundsToTheNearestAndTiesToEven) {
  EXPECT_EQ(bf16_value(bf16_bits(1.0f)), 1.0f);
  EXPECT_EQ(bf16_value(bf16_bits(-0x1p-50f)), -0x1p-50f);
  EXPECT_EQ(bf16_value(bf16_bits(1 + 0x1p-8f)), 1.0f);
  EXPECT_EQ(bf16_value(bf16_bits(1 + 3 * 0x1p-8f)), 1 + 0x1p-6f);
  EXPECT_EQ(bf16_value(bf16_bits(1 + 0x1.2p-8f)), 1 + 0x1p-7f);
  for (uint64_t i = 0; i < 1000; ++i) {
    const float x = static_cast<float>(std::ldexp(oracle::uniform(3, i) - 0.5, static_cast<int>(i % 90) - 45));
    EXPECT_LE(std::fabs(x - bf16_value(bf16_bits(x))), std::fabs(x) * 0x1p-8f);
  }
}

TEST(TensorModel, EveryCoordinateStandsWhereTheInstructionLooksForIt) {
  constexpr int k = 11, d = 37;
  std::vector<float> centroids;
  for (int i = 0; i < k * d; ++i) centroids.push_back(static_cast<float>(i % 251 + 1));
  const TensorModel model = tensor_model({centroids.data(), k, d});
  EXPECT_EQ(model.steps, 3);
  ASSERT_EQ(model.bounds.size(), 16u);
  ASSERT_EQ(model.fragments.size(), size_t{2 * 3 * 32 * 2});
  for (int c = 0; c < 16; ++c) {
    for (int j = 0; j < 48; ++j) {
      const int lane = c % 8 * 4 + j % 8 / 2;
      const size_t at = static_cast<size_t>(((c / 8 * 3 + j / 16) * 32 + lane) * 2 + j % 16 / 8);
      const float found = bf16_value(model.fragments[at] >> (16 * (j % 2)) & 0xFFFFu);
      EXPECT_EQ(found, c < k && j < d ? bf16_value(bf16_bits(-centroids[static_cast<size_t>(c * d + j)])) : 0.0f);
    }
  }
  EXPECT_EQ(model.bounds[15].bias, HUGE_VALF);
}

TEST(TensorModel, ACentroidOutOfReachIsAlwaysBestAndNeverCertified) {
  const float values[] = {1, 2, 3e38f, 1, NAN, 0};
  const TensorModel model = tensor_model({values, 3, 2});
  EXPECT_TRUE(std::isfinite(model.bounds[0].bias));
  for (size_t c = 1; c < 3; ++c) {
    EXPECT_EQ(std::fma(3.0f, model.bounds[c].slope, model.bounds[c].bias), -HUGE_VALF);
    EXPECT_FALSE(HUGE_VALF > tensor_gap(model.bounds[c], model.scales, 3, 3));
  }
}

struct Vectors {
  std::vector<float> x, centroids;
};

Vectors draw(int d, int k, int spread, double offset, uint64_t seed) {
  Vectors v;
  uint64_t i = 0;
  const auto next = [&] {
    const double size = std::ldexp(1.0, static_cast<int>(oracle::uniform(seed + 1, i) * spread));
    return static_cast<float>(offset + (2 * oracle::uniform(seed, i++) - 1) * size);
  };
  for (int j = 0; j < d; ++j) v.x.push_back(next());
  for (int c = 0; c < k * d; ++c) v.centroids.push_back(c / d == 1 ? v.x[static_cast<size_t>(c % d)] : next());
  if (k > 2)
    for (int j = 0; j < d; ++j) v.centroids[static_cast<size_t>(2 * d + j)] = 0;
  return v;
}

/// Checks every centroid with an accumulation that errs by `share` of what tensor_share allows.
void check_bounds(const Vectors& v, int d, int k, double share) {
  const TensorModel model = tensor_model({v.centroids.data(), k, d});
  float norm2 = 0, error2 = 0;
  double rounded2 = 0;
  for (const float x : v.x) {
    const float off = x - bf16_value(bf16_bits(x));
    norm2 = std::fma(x, x, norm2);
    error2 = std::fma(off, off, error2);
    rounded2 = norm_step(rounded2, bf16_value(bf16_bits(x)));
  }
  const float length = screen_length(norm2, model.scales.growth), error = screen_length(error2, model.scales.growth);
  const float reach = tensor_reach(model.scales, length, error);
  for (int c = 0; c < k; ++c) {
    double dot = 0, c2 = 0, c2_rounded = 0;
    long double exact = 0;
    for (int j = 0; j < d; ++j) {
      const float xj = v.x[static_cast<size_t>(j)], cj = v.centroids[static_cast<size_t>(c * d + j)];
      const double near = static_cast<double>(bf16_value(bf16_bits(cj)));
      dot += static_cast<double>(bf16_value(bf16_bits(xj))) * near;
      c2_rounded += near * near;
      c2 = norm_step(c2, cj);
      exact += static_cast<long double>(cj) * cj / 2 - static_cast<long double>(xj) * cj;
    }
    const TensorBound& bound = model.bounds[static_cast<size_t>(c)];
    const double allowed = tensor_share(d) / 1.05 * (std::sqrt(rounded2 * c2_rounded) + c2 / 2);
    const float acc = static_cast<float>(static_cast<double>(bound.bias) - dot + share * allowed);
    const long double lower = std::fma(reach, bound.slope, acc);
    const long double gap = tensor_gap(bound, model.scales, reach, length);
    EXPECT_LE(lower, exact) << d << " " << k << " " << c << " " << share;
    EXPECT_GE(lower + gap, exact) << d << " " << k << " " << c << " " << share;
  }
}

TEST(TensorModel, BoundsHoldForTheWorstAccumulationThatIsAllowed) {
  uint64_t seed = 40;
  for (const int d : {1, 2, 16, 17, 64, 128})
    for (const int k : {2, 9})
      for (const int spread : {0, 3, 25})
        for (const double offset : {0.0, 5.0})
          for (const double share : {-0.95, 0.0, 0.95})
            check_bounds(draw(d, k, spread, offset, seed += 3), d, k, share);
}

TEST(TensorModel, MeasuredRoundingIsTighterThanTheWorstCase) {
  const Vectors v = draw(32, 8, 0, 0, 5);
  EXPECT_LT(tensor_model({v.centroids.data(), 8, 32}).scales.by_length, 0.75f * 0x1p-8f);
}

TEST(TensorScreen, CertifiesSeparatedRowsByItself) {
  constexpr int k = 19, d = 21;
  constexpr int64_t n = 500;
  const Device device(0);
  CudaRows rows(device, 0, n, d, false, "rows of a test");
  std::vector<float> centroids;
  for (int i = 0; i < k * d; ++i)
    centroids.push_back(static_cast<float>(20 * oracle::uniform(8, static_cast<uint64_t>(i))));
  for (int64_t r = 0; r < n; ++r)
    for (int j = 0; j < d; ++j)
      rows.view().values[tiled_index(r, d) + j * kTileRows] =
          centroids[static_cast<size_t>(r % k * d + j)] +
          static_cast<float>(oracle::uniform(9, static_cast<uint64_t>(r * d + j)));
  const TensorScreen screen(device, {centroids.data(), k, d});
  screen.screen(rows);
  int64_t certified = 0;
  for (int64_t r = 0; r < n; ++r) {
    const int32_t label = rows.view().next[r];  // the stand-in's device memory is the host's
    EXPECT_TRUE(label == kLeftOver || label == r % k) << r;
    certified += label == r % k;
  }
  EXPECT_GT(certified, n * 9 / 10);
}

TEST(TensorProbe, TheModelOfTheInstructionStaysWithinTheAllowance) {
  for (const int d : {1, 16, 40, 128}) {
    const double found = tensor_accumulation_error(0, d, 20);
    EXPECT_GT(found, 0.001);
    EXPECT_LT(found, 4);
  }
}

}  // namespace
}  // namespace clientele::gpu
