#include <limits>

#include "clientele/compute/formulas.h"
#include "cpu_rows.h"
#include "kernels.h"

namespace clientele {
namespace {

/// The definition: every D, argmin, ties to the lowest index. No screen, so nothing is rechecked.
class ScalarAssign final : public AssignKernels {
 public:
  void assign(const Screen& screen, const Tiles& tiles, std::span<const double> scales, int32_t* labels,
              const int64_t* weights, PassSums& sums) const override {
    for (int64_t row = 0; row < tiles.rows; ++row) {
      const float* x = tiles.data + row / kTileRows * kTileRows * tiles.d + row % kTileRows;
      int32_t found = 0, second = 0;
      rank(screen, x, found, second);
      if (found == labels[row]) continue;
      const int64_t m = weights == nullptr ? 1 : weights[row];
      add(x, scales, found, m, 1, sums);
      if (labels[row] >= 0) add(x, scales, labels[row], -m, -1, sums);
      labels[row] = found;
      ++sums.moved;
    }
  }

  void nearest_two(const Screen& screen, const Tiles& tiles, int32_t* first, int32_t* second) const override {
    for (int64_t row = 0; row < tiles.count * kTileRows; ++row)
      rank(screen, tiles.data + row / kTileRows * kTileRows * tiles.d + row % kTileRows, first[row], second[row]);
  }

 private:
  static void rank(const Screen& screen, const float* x, int32_t& first, int32_t& second) {
    double first_d2 = std::numeric_limits<double>::infinity(), second_d2 = first_d2;
    first = second = 0;
    for (int32_t c = 0; c < screen.k; ++c) {
      const double d2 = canonical_d2(x, kTileRows, screen.centroids + int64_t{c} * screen.d, 1, screen.d);
      if (d2 < first_d2) {
        second = first;
        second_d2 = first_d2;
        first = c;
        first_d2 = d2;
      } else if (d2 < second_d2) {
        second = c;
        second_d2 = d2;
      }
    }
  }

  static void add(const float* x, std::span<const double> scales, int32_t segment, int64_t m, int64_t row,
                  PassSums& sums) {
    const size_t c = static_cast<size_t>(segment);
    for (int j = 0; j < sums.d; ++j)
      sums.wide[c * static_cast<size_t>(sums.d) + static_cast<size_t>(j)].add(
          quantise(x[j * kTileRows], scales[static_cast<size_t>(j)]), m);
    sums.counts[c] += m;
    sums.rows[c] += row;
  }
};

}  // namespace

const AssignKernels& scalar_assign_kernels() {
  static const ScalarAssign kernels;
  return kernels;
}

PassSums::PassSums(int k, int columns, bool weighted) : d(columns) {
  const size_t cells = static_cast<size_t>(k) * static_cast<size_t>(columns);
  if (!weighted) plain.resize(cells);
  wide.resize(cells);
  counts.resize(static_cast<size_t>(k));
  rows.resize(static_cast<size_t>(k));
}

void PassSums::flush() {
  for (size_t i = 0; i < plain.size(); ++i) wide[i].add_plain(plain[i]);
  plain.assign(plain.size(), 0);
  pending = 0;
}

}  // namespace clientele
