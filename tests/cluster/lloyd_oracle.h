// Lloyd's algorithm by its definition: triple loops in double and 128-bit integers, no deltas.
#pragma once

#include <set>
#include <vector>

#include "clientele/cluster/cluster.h"
#include "tests/support/oracle.h"

namespace clientele::test {

struct SlowFit {
  std::vector<float> centroids;
  std::vector<int32_t> labels;  ///< of the last pass
  std::vector<Int128> sums;
  std::vector<int64_t> counts;
  int iterations = 0;
  bool converged = false;
  int64_t repairs = 0;
};

SlowFit slow_lloyd(const oracle::Rows& rows, std::vector<float> start, int64_t max_iterations, bool spherical = false);
/// sum of m * |x - c|^2 over rows, in long double.
long double slow_inertia(const oracle::Rows& rows, const std::vector<int32_t>& labels,
                         const std::vector<float>& centroids);

}  // namespace clientele::test
