// Centroids for a screen on tensor cores (exactness.md 4): rounded to bf16, in the order in which the matrix
// instruction takes them, with the numbers that turn a rounded score into a bound.
//
// With x' and c' rounded to bf16, |x| <= L, |x - x'| <= E, C >= |c| and r C >= |c - c'| for all centroids: x.c and
// x'.c' differ by at most C (r L + (1 + r) E). The accumulation errs by at most g (|x'||c'| + |c|^2/2), so that with M
// = (g + r) L + (1 + r) E the value |c|^2/2 - x.c lies between lower and lower + 2 C M + g |c|^2, lower = bias - x'.c'
// - C M.
#pragma once

#include <cstdint>
#include <vector>

#include "clientele/base/host_device.h"
#include "clientele/compute/backend.h"
#include "clientele/compute/formulas.h"
#include "device.h"

namespace clientele::gpu {

/// Bits of the bf16 nearest to a finite x, ties to even. The difference to x is exact in float32.
CLIENTELE_HD inline uint32_t bf16_bits(float x) {
  uint32_t bits = 0;
  memcpy(&bits, &x, sizeof bits);
  return (bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16;
}
CLIENTELE_HD inline float bf16_value(uint32_t bits) {
  const uint32_t wide = bits << 16;
  float x = 0;
  memcpy(&x, &wide, sizeof x);
  return x;
}

inline constexpr int kTensorColumns = 8;    ///< centroids of one instruction
inline constexpr int kTensorDepth = 16;     ///< coordinates of one instruction
inline constexpr int kTensorMostSteps = 8;  ///< instructions along the coordinates: rows stay in registers

/// One centroid's numbers. Never certified: bias -inf, constant +inf. Padding: bias +inf.
struct TensorBound {
  float bias = HUGE_VALF;
  float slope = 0;     ///< -C, rounded away from 0
  float constant = 0;  ///< gap at x = 0
};

/// The same for all rows and centroids of a model.
struct TensorScales {
  float by_length = 0, by_error = 0;  ///< M = by_length L + by_error E
  float square = 0;                   ///< of the gap's term in L^2: the rounding of D
  float growth = 0;                   ///< of screen_length
};

CLIENTELE_HD inline float tensor_reach(const TensorScales& scales, float length, float error) {
  return std::fma(length, scales.by_length, error * scales.by_error) * (1 + 0x1p-20f);
}
/// Compare with a difference of two lower bounds, as screen_gap.
CLIENTELE_HD inline float tensor_gap(const TensorBound& b, const TensorScales& scales, float reach, float length) {
  return std::fma(reach * (1 + 0x1p-20f), -2 * b.slope, std::fma(length * length, scales.square, b.constant));
}

struct TensorModel {
  int steps = 0;                    ///< instructions along the coordinates
  std::vector<uint32_t> fragments;  ///< [group of 8 centroids][step][lane][2]: B of mma_bf16, -c' rounded
  std::vector<TensorBound> bounds;  ///< whole groups
  TensorScales scales;
};

/// Share of |x'||c'| + |c|^2/2 by which an accumulation on tensor cores errs at most (exactness.md 4). Not measured.
double tensor_share(int d);
/// Whether rows of d coordinates stay in registers.
constexpr bool tensor_takes(int d) {
  return d <= kTensorDepth * kTensorMostSteps;
}
TensorModel tensor_model(const CentroidsView& centroids);

/// What kernels see.
struct TensorView {
  const uint32_t* fragments;
  const TensorBound* bounds;
  int groups;
  TensorScales scales;
};

}  // namespace clientele::gpu
