// A model of kernels/ptx/mma_bf16.h: the same inputs and layout; every addition cuts its result off towards zero, which
// is worse than rounding and no better than what tensor cores are known to do.
#pragma once

#include "stand_in.h"

namespace clientele::gpu {

inline void mma_bf16(float (&acc)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  uint32_t all_a[32][4], all_b[32][2];
  for (int i = 0; i < 4; ++i) {
    const uint64_t* values = stand_in::exchange_in_warp(a[i]);
    for (int lane = 0; lane < 32; ++lane) all_a[lane][i] = static_cast<uint32_t>(values[lane]);
  }
  for (int i = 0; i < 2; ++i) {
    const uint64_t* values = stand_in::exchange_in_warp(b[i]);
    for (int lane = 0; lane < 32; ++lane) all_b[lane][i] = static_cast<uint32_t>(values[lane]);
  }
  const auto half = [](uint32_t pair, int which) {
    return static_cast<double>(stand_in::unpacked<float>(which == 0 ? pair << 16 : pair & 0xFFFF0000u));
  };
  const int lane = static_cast<int>(threadIdx.x % 32), g = lane / 4, t = lane % 4;
  for (int i = 0; i < 4; ++i) {
    const int row = g + i / 2 * 8, column = 2 * t + i % 2;
    for (int k = 0; k < 16; ++k) {
      const uint32_t left = all_a[row % 8 * 4 + k % 8 / 2][row / 8 + k / 8 * 2];
      const uint32_t right = all_b[column * 4 + k % 8 / 2][k / 8];
      const double sum = static_cast<double>(acc[i]) + half(left, k % 2) * half(right, k % 2);
      const float near = static_cast<float>(sum);
      acc[i] = fabs(static_cast<double>(near)) > fabs(sum) ? nextafterf(near, 0.0f) : near;
    }
  }
}

}  // namespace clientele::gpu
