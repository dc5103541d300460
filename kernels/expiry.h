// Bounds that prove a row's label without reading its features (exactness.md 4, Skip; drift.h).
//
// A row's slack is a lower bound of (distance to any other centroid - distance to its own). Its expiry is the drift of
// its segment when the slack was found, plus the slack, rounded down: the label is proved while the drift is below. A
// tile's expiry is the same for its 32 rows at once, against Drift::any. The same arithmetic as the CPU's bounds,
// though nothing depends on that: an expiry decides only which rows are looked at.
#pragma once

#include <cmath>

#include "clientele/base/host_device.h"

namespace clientele::gpu {

/// Makes up for a few roundings of positive float32 numbers, downwards.
inline constexpr float kLess = 1 - 0x1p-20f;

/// The drift of one pass as kernels read it. Device memory; float32, rounded both ways.
struct DriftOnDevice {
  const float* up = nullptr;    ///< k
  const float* down = nullptr;  ///< k
  const float* any = nullptr;   ///< 2: up, down
};

/// At least |x|^2 + 2 v of a row with |x|^2 <= norm2: a squared distance from a bound v of |c|^2/2 - x.c.
CLIENTELE_HD inline float d2_above(float norm2, float v) {
  const float sum = std::fmax(std::fma(2.0f, v, norm2), 0.0f);
  return std::fma(sum, 1 + 0x1p-20f, norm2 * 0x1p-19f);
}

/// The slack of a row that its screen certified; 0 or less, or NaN, is none. best: the least lower bound of |c|^2/2 -
/// x.c, which is `gap` below the value at most; second: a lower bound of those of all other centroids; length >= |x|.
/// The difference of the distances is at least 2 (second - best - gap) / (sqrt(|x|^2 + 2 (best + gap)) + sqrt(|x|^2 + 2
/// second)).
CLIENTELE_HD inline float row_slack(float best, float second, float gap, float length, int d) {
  const float rounding = static_cast<float>(d + 4) * 0x1p-50f;
  const float norm2 = length * length * (1 + 0x1p-20f);
  const float roots = std::sqrt(d2_above(norm2, best + gap)) + std::sqrt(d2_above(norm2, second));
  const float apart = (second - best) * kLess - gap * (1 + 0x1p-20f);
  return (apart + apart) / roots * kLess - roots * rounding;
}

/// begun: the drift of the row's segment now, rounded down.
CLIENTELE_HD inline float row_expiry(float slack, float begun) {
  return slack > 0 ? (slack + begun) * kLess : 0.0f;
}

/// The expiry of a tile whose rows have at least `remaining` drift left.
CLIENTELE_HD inline float tile_expiry(float remaining, float any_down) {
  return remaining > 0 ? (remaining * kLess + any_down) * kLess : 0.0f;
}

}  // namespace clientele::gpu
