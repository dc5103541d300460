#include <algorithm>
#include <limits>

#include "bounds.h"
#include "candidates.h"
#include "clientele/compute/formulas.h"
#include "cpu_rows.h"
#include "kernels.h"
#include "listed_tile.h"

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

  int64_t assign_and_list(const Screen& screen, const Tiles& tiles, std::span<const double> scales, int32_t* labels,
                          const int64_t* weights, const CandidatesView& lists, PassSums& sums) const override {
    int64_t unlisted = 0;
    std::vector<uint16_t> ids(static_cast<size_t>(screen.k));
    std::vector<float> slacks(ids.size());
    for_tiles(tiles, [&](int64_t t, const Tiles& tile, int64_t slot) {
      const int rows = static_cast<int>(tile.rows);
      assign(screen, tile, scales, labels + slot, weights == nullptr ? nullptr : weights + slot, {}, sums);
      const float own = allowed_of(lists, labels + slot, rows);
      int count = 0;
      for (int c = 0; c < screen.k; ++c) {
        const float slack = least_slack(screen, tile, labels + slot, c);
        const bool label = std::find(labels + slot, labels + slot + rows, c) != labels + slot + rows;
        if (!label && slack >= (own + lists.allowed[c]) * kMore * kMore) continue;
        ids[static_cast<size_t>(count)] = static_cast<uint16_t>(c);
        slacks[static_cast<size_t>(count++)] = slack;
      }
      if (count > lists.most) count = 0;
      PlainListedTile(lists, t).start(labels + slot, rows, ids.data(), slacks.data(), count);
      unlisted += count == 0 ? 1 : 0;
    });
    return unlisted;
  }

  void assign_listed(const Screen& screen, const Tiles& tiles, std::span<const double> scales, int32_t* labels,
                     const int64_t* weights, const CandidatesView& lists, PassSums& sums) const override {
    WantedCentroids wanted(lists);
    for_tiles(tiles, [&](int64_t t, const Tiles& tile, int64_t slot) {
      PlainListedTile listed(lists, t);
      if (listed.rests()) return;
      const int rows = static_cast<int>(tile.rows);
      if (!listed.unlisted()) listed.find_wanted(labels + slot, rows, wanted);
      if (!listed.unlisted() && wanted.count == 0) return;
      const int64_t moved = sums.moved;
      // Against all centroids, whatever is wanted.
      assign(screen, tile, scales, labels + slot, weights == nullptr ? nullptr : weights + slot, {}, sums);
      sums.distances += rows * int64_t{listed.unlisted() ? screen.k : wanted.count};
      if (listed.unlisted()) return;
      for (size_t i = 0; i < static_cast<size_t>(wanted.count); ++i)
        wanted.slacks[i] = least_slack(screen, tile, labels + slot, wanted.ids[i]);
      listed.renew(wanted, labels + slot, rows, sums.moved != moved);
      if (!listed.has(labels + slot, rows)) listed.drop();
    });
  }

  void nearest_two(const Screen& screen, const Tiles& tiles, int32_t* first, int32_t* second) const override {
    for (int64_t row = 0; row < tiles.count * kTileRows; ++row) {
      const Nearest found = rank(screen, row_of(tiles, row));
      first[row] = found.first;
      second[row] = found.second;
    }
  }

 private:
  using PlainListedTile = ListedTile<PlainListLoops>;

  struct Nearest {
    int32_t first = 0, second = 0;
    double first_d2 = std::numeric_limits<double>::infinity(), second_d2 = std::numeric_limits<double>::infinity();
  };

  /// body(number, tile, its first slot)
  template <class Body>
  static void for_tiles(const Tiles& tiles, const Body& body) {
    for (int64_t t = 0; t < tiles.count; ++t) {
      const int64_t slot = t * kTileRows;
      body(t, Tiles{tiles.data + slot * tiles.d, 1, std::min<int64_t>(kTileRows, tiles.rows - slot), tiles.d}, slot);
    }
  }

  /// Of the tile's rows with other labels, against centroid c.
  static float least_slack(const Screen& screen, const Tiles& tile, const int32_t* labels, int c) {
    float least = HUGE_VALF;
    for (int64_t row = 0; row < tile.rows; ++row) {
      if (labels[row] == c) continue;
      const auto d2 = [&](int64_t centroid) {
        return canonical_d2(row_of(tile, row), kTileRows, screen.centroids + centroid * screen.d, 1, screen.d);
      };
      least = std::min(least, row_slack(d2(labels[row]), d2(c), screen.d));
    }
    return least;
  }

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
