#include "clientele/compute/drift.h"

#include <algorithm>
#include <cmath>

namespace clientele {
namespace {

double up(double x) {
  return std::nextafter(x, HUGE_VAL);
}

/// At least the distance of two centroids, all roundings included.
double movement(const float* from, const float* to, int d) {
  double d2 = 0;
  for (int j = 0; j < d; ++j) {
    const double t = static_cast<double>(to[j]) - static_cast<double>(from[j]);
    d2 = std::fma(t, t, d2);
  }
  return up(std::sqrt(d2) * (1.0 + (d + 4) * 0x1p-52));
}

}  // namespace

void Drift::add(std::span<const float> from, std::span<const float> to, int d) {
  const size_t k = segment.size();
  size_t largest = 0;
  for (size_t c = 0; c < k; ++c) {
    moved[c] = movement(from.data() + c * static_cast<size_t>(d), to.data() + c * static_cast<size_t>(d), d);
    if (moved[c] > moved[largest]) largest = c;
  }
  double second = 0;
  for (size_t c = 0; c < k; ++c)
    if (c != largest) second = std::max(second, moved[c]);
  // Equal centroids have moved nothing; `up` makes that the least denormal, which costs nothing either.
  for (size_t c = 0; c < k; ++c) segment[c] = up(segment[c] + up(moved[c] + (c == largest ? second : moved[largest])));
  any = up(any + up(moved[largest] + second));
  ++steps;
}

}  // namespace clientele
