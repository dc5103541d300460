// Cutting a few rows in two by a straight cut, on the host: what samples are looked at with.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace clientele {

/// Rows that lie where at() > 0 are beyond the cut.
struct Cut {
  std::vector<double> axis, middle;
  bool spherical = false;

  /// How far along: the projection on the axis, from the middle; spherical: the angle in the plane of both.
  double at(std::span<const double> row) const;
};

/// values: rows x d, row-major. weights: empty (1 each), or one a row. Sums run in row order on one thread, so that
/// every rank gets the same bytes from the same rows. Spherical: means are unit vectors.
class TwoMeans {
 public:
  TwoMeans(std::span<const float> values, int d, std::span<const int64_t> weights, bool spherical);

  std::span<const double> row(int64_t i) const { return std::span(values_).subspan(static_cast<size_t>(i) * d_, d_); }
  /// Half way between two centroids, from low to high.
  Cut between(std::span<const double> low, std::span<const double> high) const;
  /// 2-means of some rows (positions), from the two sides of their first principal axis.
  Cut cut(std::span<const int64_t> rows) const;
  /// The rows in their order along the first principal axis, ties by position.
  std::vector<int64_t> along_axis(std::span<const int64_t> rows) const;
  /// Empty without weight.
  std::vector<double> mean(std::span<const int64_t> rows) const;
  /// Sum of weighted squared distances to a point.
  double cost(std::span<const int64_t> rows, std::span<const double> point) const;

 private:
  std::vector<double> principal_axis(std::span<const int64_t> rows, std::span<const double> centre) const;
  double weight(int64_t i) const {
    return weights_.empty() ? 1.0 : static_cast<double>(weights_[static_cast<size_t>(i)]);
  }

  size_t d_;
  bool spherical_;
  std::vector<double> values_;
  std::vector<int64_t> weights_;
};

/// The rows on this side of the cut, and those beyond it, in their order.
struct Sides {
  std::vector<int64_t> low, high;
};
Sides sides_of(const TwoMeans& values, const Cut& cut, std::span<const int64_t> rows);

}  // namespace clientele
