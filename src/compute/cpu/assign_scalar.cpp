#include <limits>

#include "bounds.h"
#include "clientele/compute/formulas.h"
#include "cpu_rows.h"
#include "kernels.h"

namespace clientele {
namespace {

/// The definition: every D, argmin, ties to the lowest index. No screen, so nothing is rechecked.
class ScalarAssign final : public AssignKernels {
 public:
  void assign(const Screen& screen, const Tiles& tiles, std::span<const double> scales, int32_t* labels,
              const int64_t* weights, const TileLengths& lengths, PassSums& sums) const override {
    if (lengths.of != nullptr) std::fill_n(lengths.of, tiles.count, HUGE_VALF);  // nothing is screened here
    for (int64_t row = 0; row < tiles.rows; ++row) {
      const float* x = row_of(tiles, row);
      move(x, scales, rank(screen, x).first, labels[row], weights == nullptr ? 1 : weights[row], sums);
    }
    sums.scanned += tiles.rows;
  }

  void assign_with_slacks(const Screen& screen, const Tiles& tiles, std::span<const double> scales, int32_t* labels,
                          const int64_t* weights, float* slacks, PassSums& sums) const override {
    for (int64_t row = 0; row < tiles.rows; ++row) {
      const float* x = row_of(tiles, row);
      const Nearest found = rank(screen, x);
      move(x, scales, found.first, labels[row], weights == nullptr ? 1 : weights[row], sums);
      slacks[row] = row_slack(found.first_d2, found.second_d2, screen.d);
    }
    sums.scanned += tiles.rows;
  }

  /// Against all centroids, whatever has expired.
  void assign_expired(const Screen& screen, const Tiles& tiles, std::span<const double> scales, int32_t* labels,
                      const int64_t* weights, const BoundsView& bounds, PassSums& sums) const override {
    float slacks[kTileRows];
    for (int64_t t = 0; t < tiles.count; ++t) {
      if (bounds.expired(t) == 0) continue;
      const int64_t slot = t * kTileRows;
      const int64_t rows = std::min<int64_t>(kTileRows, tiles.rows - slot);
      assign_with_slacks(screen, {tiles.data + slot * tiles.d, 1, rows, tiles.d}, scales, labels + slot,
                         weights == nullptr ? nullptr : weights + slot, slacks, sums);
      bounds.tiles[t] = tile_bound(slacks, labels + slot, static_cast<int>(rows), bounds.drift);
      sums.distances += rows * screen.k;
    }
  }

  void nearest_two(const Screen& screen, const Tiles& tiles, int32_t* first, int32_t* second) const override {
    for (int64_t row = 0; row < tiles.count * kTileRows; ++row) {
      const Nearest found = rank(screen, row_of(tiles, row));
      first[row] = found.first;
      second[row] = found.second;
    }
  }

 private:
  struct Nearest {
    int32_t first = 0, second = 0;
    double first_d2 = std::numeric_limits<double>::infinity(), second_d2 = std::numeric_limits<double>::infinity();
  };

  static const float* row_of(const Tiles& tiles, int64_t row) {
    return tiles.data + row / kTileRows * kTileRows * tiles.d + row % kTileRows;
  }

  static Nearest rank(const Screen& screen, const float* x) {
    Nearest best;
    for (int32_t c = 0; c < screen.k; ++c) {
      const double d2 = canonical_d2(x, kTileRows, screen.centroids + int64_t{c} * screen.d, 1, screen.d);
      if (d2 < best.first_d2) {
        best = {c, best.first, d2, best.first_d2};
      } else if (d2 < best.second_d2) {
        best.second = c;
        best.second_d2 = d2;
      }
    }
    return best;
  }

  static void move(const float* x, std::span<const double> scales, int32_t found, int32_t& label, int64_t m,
                   PassSums& sums) {
    if (found == label) return;
    add(x, scales, found, m, 1, sums);
    if (label >= 0) add(x, scales, label, -m, -1, sums);
    label = found;
    ++sums.moved;
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
