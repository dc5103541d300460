// Draws for synthetic data, each named by what it is for.
#pragma once

#include <cmath>
#include <cstdint>
#include <utility>

#include "clientele/base/random.h"

namespace clientele {

enum class DrawOf : uint32_t {
  segment = 1,
  centre = 2,
  noise = 3,
  start = 4,
  life = 5,
  gap = 6,
  amount = 7,
  quantity = 8,
  category = 9
};

class Draws {
 public:
  explicit Draws(int64_t seed) : seed_(static_cast<uint64_t>(seed)) {}

  /// In (0, 1).
  double unit(DrawOf of, int64_t row, uint32_t step = 0) const { return random_unit(key(of, step, 0), row); }
  double exponential(DrawOf of, int64_t row, uint32_t step = 0) const { return -exact::log(unit(of, row, step)); }
  /// Two independent standard normals (Box and Muller 1958).
  std::pair<double, double> normals(DrawOf of, int64_t row, uint32_t step = 0) const {
    const double radius = std::sqrt(2 * exponential(of, row, step));
    const double angle = 6.283185307179586 * random_unit(key(of, step, 1), row);
    return {radius * exact::cos(angle), radius * exact::sin(angle)};
  }

  /// Segments of unequal size: weight of segment s is 1 / (1 + 0.3 s).
  int64_t segment(int64_t row, int64_t segments) const {
    double total = 0;
    for (int64_t s = 0; s < segments; ++s) total += weight(s);
    double left = unit(DrawOf::segment, row) * total;
    for (int64_t s = 0; s < segments; ++s)
      if ((left -= weight(s)) < 0) return s;
    return segments - 1;
  }

 private:
  static double weight(int64_t s) { return 1 / (1 + 0.3 * static_cast<double>(s)); }
  RandomKey key(DrawOf of, uint32_t step, uint32_t trial) const {
    return {seed_, Purpose::generate, static_cast<uint32_t>(of), step, trial};
  }
  uint64_t seed_;
};

}  // namespace clientele
