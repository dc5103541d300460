// Rows and centroids that are hard to label: deterministic, small.
#pragma once

#include <string>

#include "tests/support/oracle.h"

namespace clientele::oracle {

enum class Kind {
  mixture,   ///< separated normal groups
  lattice,   ///< small integers, centroids too: exact ties and duplicates of both
  bisector,  ///< midway between two centroids, a rounding to either side
  equal,     ///< all rows the same, a constant column beside
  huge,      ///< norms of 1, 2^36 and 3e19 side by side; one centroid at 3e38
  tiny,      ///< values near 2^-50, centroids of denormal numbers
  offset,    ///< mean 1e6, spread 1e-2
};

struct Shape {
  Kind kind;
  int64_t n;
  int d;
  int k;
  bool weighted = false;
};

std::string name(const Shape& shape);
Rows make_rows(const Shape& shape);
/// variant: another draw for the same rows, as the next iteration would bring.
Centroids make_centroids(const Shape& shape, const Rows& rows, int variant);
/// Uniform in [0, 1), a pure function of its arguments.
double uniform(uint64_t stream, uint64_t index);

}  // namespace clientele::oracle
