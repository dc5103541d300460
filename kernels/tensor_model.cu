#include <algorithm>
#include <cmath>

#include "tensor_model.h"

namespace clientele::gpu {

namespace {

constexpr double kUp = 1.0 + 0x1p-20;              // more than the few float32 roundings of what the kernels compute
constexpr float kSmallest = 0x1p-100f;             // smaller coordinates become 0: their products could be denormal
constexpr double kWorstShare = 0x1p-8;             // of |c - c'|, were it not measured
constexpr int kStepsThere[] = {1, 2, 3, 4, 6, 8};  // kernels there are

/// A centroid rounded to bf16, and how far that is.
struct Rounded {
  std::vector<uint32_t> bits;
  double norm = 0, norm2 = 0, error = 0;
  bool in_reach = false;
};

Rounded rounded(const float* c, int d) {
  Rounded r;
  const double up = 1.0 + (d + 4) * 0x1p-52;
  double error2 = 0;
  for (int j = 0; j < d; ++j) r.norm2 = norm_step(r.norm2, c[j]);
  r.norm = std::sqrt(r.norm2) * up;
  r.in_reach = r.norm <= static_cast<double>(kScreenReach);
  for (int j = 0; j < d; ++j) {
    r.bits.push_back(r.in_reach && std::fabs(c[j]) >= kSmallest ? bf16_bits(-c[j]) : 0);
    const double off = static_cast<double>(c[j]) + static_cast<double>(bf16_value(r.bits.back()));
    error2 = std::fma(off, off, error2);
  }
  r.error = std::sqrt(error2) * up;
  return r;
}

TensorBound bound_of(const Rounded& c, double share, double g, int d) {
  if (!c.in_reach) return {-HUGE_VALF, 0, HUGE_VALF};
  const double tiny = (d + 16) * 0x1p-120;  // denormal intermediate results may be lost
  const double rounding = (d + 4) * 0x1p-52;
  const double size = share > 0 ? std::max(c.norm, c.error / share) : c.norm;
  return {float_down(c.norm2 / 2 * (1 - g * kUp) - tiny), -float_up(size * kUp),
          float_up((g + rounding) * c.norm2 * kUp + 4 * tiny)};
}

}  // namespace

double tensor_share(int d) {
  return 1.05 * 4 * (d + 16) * 0x1p-24;  // |x'| <= (1 + 2^-8) |x|, and so for c', are in the 1.05
}

TensorModel tensor_model(const CentroidsView& centroids) {
  const int d = centroids.d;
  TensorModel model;
  model.steps =
      *std::lower_bound(std::begin(kStepsThere), std::end(kStepsThere), (d + kTensorDepth - 1) / kTensorDepth);
  const int64_t groups = (int64_t{centroids.k} + kTensorColumns - 1) / kTensorColumns;
  std::vector<Rounded> all;
  double share = 0;
  for (int64_t c = 0; c < centroids.k; ++c) {
    all.push_back(rounded(centroids.data + c * d, d));
    const Rounded& last = all.back();
    if (last.in_reach && last.norm2 > 0) share = std::max(share, last.error / last.norm);
  }
  share = std::min(share, kWorstShare);
  const double g = tensor_share(d);
  for (const Rounded& c : all) model.bounds.push_back(bound_of(c, share, g, d));
  model.bounds.resize(static_cast<size_t>(groups * kTensorColumns));
  model.scales = {float_up((g + share) * kUp), float_up((1 + share) * kUp), float_up((d + 4) * 0x1p-52 * kUp),
                  screen_growth(d)};
  const auto bits = [&](int64_t c, int j) -> uint32_t {
    return c < centroids.k && j < d ? all[static_cast<size_t>(c)].bits[static_cast<size_t>(j)] : 0;
  };
  for (int64_t group = 0; group < groups; ++group)
    for (int step = 0; step < model.steps; ++step)
      for (int lane = 0; lane < 32; ++lane)
        for (const int half : {0, 8}) {
          const int64_t c = group * kTensorColumns + lane / 4;
          const int j = step * kTensorDepth + 2 * (lane % 4) + half;
          model.fragments.push_back(bits(c, j) | bits(c, j + 1) << 16);
        }
  return model;
}

}  // namespace clientele::gpu
