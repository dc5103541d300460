#include <mma_bf16.h>

#include <cmath>

#include "clientele/base/random.h"
#include "launch.h"
#include "nearest.h"
#include "tensor_model.h"
#include "tensor_probe.h"

namespace clientele {

namespace {

constexpr int kRows = 16, kColumns = gpu::kTensorColumns, kDepth = gpu::kTensorDepth;

/// What one warp multiplies: x is 16 x depth, c 8 x depth (row-major, values of bf16), scores 16 x 8 = bias - x.c.
struct Trial {
  const float *x, *c, *bias;
  float* scores;
  int depth;
};

__global__ void __launch_bounds__(gpu::kWarp) score_trials(Trial all) {
  const int64_t trial = blockIdx.x;
  const float* x = all.x + trial * kRows * all.depth;
  const float* c = all.c + trial * kColumns * all.depth;
  const int lane = static_cast<int>(threadIdx.x), g = lane / 4, t = lane % 4;
  const auto pair = [&](const float* row, int j, float sign) {
    return gpu::bf16_bits(sign * row[j]) | gpu::bf16_bits(sign * row[j + 1]) << 16;
  };
  const float even = all.bias[trial * kColumns + 2 * t], odd = all.bias[trial * kColumns + 2 * t + 1];
  float acc[4] = {even, odd, even, odd};
  for (int j = 2 * t; j < all.depth; j += kDepth) {
    const float *upper = x + g * all.depth, *lower = x + (g + 8) * all.depth;
    const uint32_t a[4] = {pair(upper, j, 1), pair(lower, j, 1), pair(upper, j + 8, 1), pair(lower, j + 8, 1)};
    const uint32_t b[2] = {pair(c + g * all.depth, j, -1), pair(c + g * all.depth, j + 8, -1)};
    gpu::mma_bf16(acc, a, b);
  }
  for (int i = 0; i < 4; ++i) all.scores[(trial * kRows + g + 8 * (i / 2)) * kColumns + 2 * t + i % 2] = acc[i];
}

/// Values whose sums are hard: of one size, of one sign, of sizes spread over 2^20, or one large among many small.
float value(const RandomKey& key, int64_t index, int64_t trial, int j) {
  const uint64_t bits = random_bits(key, index);
  const double u = static_cast<double>(bits >> 12) * 0x1p-40;
  const double sign = (bits & 1) != 0 && trial % 4 != 1 ? -1 : 1;
  const int spread = trial % 4 == 2 ? static_cast<int>(bits >> 1 & 31) - 15 : trial % 4 == 3 && j > 0 ? -9 : 0;
  return gpu::bf16_value(gpu::bf16_bits(static_cast<float>(sign * std::ldexp(0.5 + u / 2, spread))));
}

struct Host {
  std::vector<float> x, c, bias;
};

Host make_trials(int d, int depth, int trials) {
  Host host;
  const RandomKey key{7, Purpose::sample, 0, 0, 0};
  int64_t index = 0;
  const auto fill = [&](std::vector<float>& to, int rows, int64_t trial) {
    for (int r = 0; r < rows; ++r)
      for (int j = 0; j < depth; ++j, ++index) to.push_back(j < d ? value(key, index, trial, j) : 0.0f);
  };
  for (int64_t trial = 0; trial < trials; ++trial) {
    fill(host.x, kRows, trial);
    fill(host.c, kColumns, trial);
    for (int column = 0; column < kColumns; ++column) {
      double norm2 = 0;
      const float* c = host.c.data() + (trial * kColumns + column) * depth;
      for (int j = 0; j < depth; ++j) norm2 += static_cast<double>(c[j]) * static_cast<double>(c[j]);
      host.bias.push_back(static_cast<float>(norm2 / 2));
    }
  }
  return host;
}

double worst_share(const Host& host, const std::vector<float>& scores, int d, int depth) {
  double worst = 0;
  for (size_t i = 0; i < scores.size(); ++i) {
    const size_t row = i / kColumns, trial = row / kRows, column = i % kColumns;
    const float* x = host.x.data() + row * static_cast<size_t>(depth);
    const float* c = host.c.data() + (trial * kColumns + column) * static_cast<size_t>(depth);
    const double bias = static_cast<double>(host.bias[trial * kColumns + column]);
    double exact = bias, x2 = 0, c2 = 0;
    for (int j = 0; j < depth; ++j) {
      const double xj = static_cast<double>(x[j]), cj = static_cast<double>(c[j]);
      exact -= xj * cj;
      x2 += xj * xj;
      c2 += cj * cj;
    }
    const double off = std::fabs(static_cast<double>(scores[i]) - exact);
    worst = std::max(worst, off / ((d + 16) * 0x1p-24 * (std::sqrt(x2 * c2) + bias)));
  }
  return worst;
}

}  // namespace

double tensor_accumulation_error(int device, int d, int trials) {
  const gpu::Device on(device);
  on.use();
  const int depth = (d + kDepth - 1) / kDepth * kDepth;
  const Host host = make_trials(d, depth, trials);
  const auto x = gpu::uploaded<float>(on, host.x, "rows of a probe");
  const auto c = gpu::uploaded<float>(on, host.c, "centroids of a probe");
  const auto bias = gpu::uploaded<float>(on, host.bias, "centroids of a probe");
  const gpu::Buffer<float> scores(on, int64_t{trials} * kRows * kColumns, "scores of a probe");
  gpu::launch(on, "probing tensor cores", {trials, 1, gpu::kWarp}, score_trials,
              Trial{x.data(), c.data(), bias.data(), scores.data(), depth});
  return worst_share(host, scores.to_host(), d, depth);
}

}  // namespace clientele
