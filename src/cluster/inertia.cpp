#include <cmath>

#include "clientele/cluster/across_ranks.h"
#include "clientele/cluster/cluster.h"

namespace clientele {

namespace {

/// Above it a centroid is so far outside the column's range (|q| <= 2^40) that its term is computed in double: no
/// cancellation there.
constexpr double kFarCentroid = 0x1p41;

}  // namespace

std::vector<Int128> square_sums(RowBlocks& rows, Env& env) {
  std::vector<Int128> sums(static_cast<size_t>(rows.d));
  rows.each([&](RowBlock& block) { env.backend.assign_ops().square_sums(block, rows.scales, sums); });
  sum_over_ranks(sums, env.comm);
  return sums;
}

double exact_inertia(const RowBlocks& rows, std::span<const Int128> square_sums, std::span<const float> centroids,
                     int k, std::span<const WideSum> sums, std::span<const int64_t> counts) {
  const size_t d = static_cast<size_t>(rows.d);
  double total = 0;
  for (size_t j = 0; j < d; ++j) {
    const double scale = rows.scales[j];
    Int128 near = square_sums[j];
    double far = 0;
    for (size_t c = 0; c < static_cast<size_t>(k); ++c) {
      if (counts[c] == 0) continue;  // no weight: the sum is 0 too
      const double centre = static_cast<double>(centroids[c * d + j]);
      const Int128 s = sums[c * d + j].value();
      if (std::fabs(centre * scale) > kFarCentroid) {
        far += static_cast<double>(counts[c]) * (centre * centre) - 2 * centre * (to_double(s) / scale);
        continue;
      }
      const Int128 q = std::llrint(centre * scale);
      near -= 2 * q * s - counts[c] * (q * q);
    }
    total += to_double(near) / scale / scale + far;
  }
  return std::ldexp(total, -rows.weight_bits);
}

}  // namespace clientele
