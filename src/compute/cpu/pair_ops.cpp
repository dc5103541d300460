// Silhouettes: squared-Euclidean on all rows from segment moments, classic on a sample.
#include <algorithm>
#include <cmath>
#include <limits>

#include "clientele/compute/formulas.h"
#include "cpu_backend.h"

namespace clientele {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Squared silhouette of one row of weight m from its dot products with the segments' means (16 apart).
double squared_value(const SegmentMoments& segments, int32_t label, int64_t m, double norm2, const double* dots) {
  const size_t own = static_cast<size_t>(label);
  const double self = one_client(m, segments.unit);
  if (static_cast<double>(segments.count[own]) <= self) return 0;
  double a = 0, b = kInfinity;
  for (size_t c = 0; c < segments.count.size(); ++c) {
    if (segments.count[c] == 0) continue;
    const double mean = mean_squared_distance(norm2, dots[c * kTileRows], segments.mean_norm2[c]);
    if (c == own)
      a = without_self(mean, segments.count[c], self);
    else
      b = std::min(b, mean);
  }
  return silhouette_value(a, b);
}

/// Canonical sums per segment of one 65,536-row block under way.
class SegmentLanes {
 public:
  explicit SegmentLanes(int k) : lanes_(static_cast<size_t>(k)) {}
  /// m * value to the segment of the row, if it has one.
  void add(const CpuRows& rows, int64_t row, double value) {
    const int32_t label = rows.labels()[row];
    if (label < 0) return;
    lanes_[static_cast<size_t>(label)].lane[row % kLanes] += static_cast<double>(rows.weight(row)) * value;
  }
  std::vector<double> fold() const {
    std::vector<double> sums;
    for (const Lanes& segment : lanes_) sums.push_back(segment.fold());
    return sums;
  }

 private:
  std::vector<Lanes> lanes_;
};

class CpuPairOps final : public PairOps {
 public:
  explicit CpuPairOps(const Cpu& cpu) : cpu_(cpu) {}

  void segment_norm2(const RowBlock& block, int k, std::vector<std::vector<double>>& blocks) override {
    require_block_start(block);
    const CpuRows& rows = cpu_rows(block);
    const size_t begin = blocks.size();
    blocks.resize(begin + static_cast<size_t>(block_count(rows)));
    for_blocks(cpu_.pool, rows, [&](int64_t index, int64_t first, int64_t count, int) {
      SegmentLanes lanes(k);
      double norm2[kTileRows];
      for (int64_t t = first; t < first + count; ++t) {
        cpu_.kernels.distance.dots(tiles_of(rows, t, 1), nullptr, 0, norm2, nullptr, 0);
        for (int i = 0; i < rows.tile_rows(t); ++i) lanes.add(rows, t * kTileRows + i, norm2[i]);
      }
      blocks[begin + static_cast<size_t>(index)] = lanes.fold();
    });
  }

  void squared_silhouette(const RowBlock& block, const SegmentMoments& segments,
                          std::vector<std::vector<double>>& blocks) override {
    require_block_start(block);
    const CpuRows& rows = cpu_rows(block);
    const int k = static_cast<int>(segments.count.size());
    const size_t begin = blocks.size();
    blocks.resize(begin + static_cast<size_t>(block_count(rows)));
    for_blocks(cpu_.pool, rows, [&](int64_t index, int64_t first, int64_t count, int) {
      SegmentLanes lanes(k);
      std::vector<double> dots(static_cast<size_t>(k) * kTileRows);
      double norm2[kTileRows];
      for (int64_t t = first; t < first + count; ++t) {
        cpu_.kernels.distance.dots(tiles_of(rows, t, 1), segments.mean.data(), k, norm2, dots.data(), kTileRows);
        for (int i = 0; i < rows.tile_rows(t); ++i) {
          const int64_t row = t * kTileRows + i;
          if (rows.labels()[row] < 0) continue;
          lanes.add(rows, row,
                    squared_value(segments, rows.labels()[row], rows.weight(row), norm2[i], dots.data() + i));
        }
      }
      blocks[begin + static_cast<size_t>(index)] = lanes.fold();
    });
  }

  std::vector<double> silhouette(const LabelledSample& sample, int k) override {
    std::vector<int64_t> sizes(static_cast<size_t>(k));
    for (size_t i = 0; i < sample.labels.size(); ++i) sizes[static_cast<size_t>(sample.labels[i])] += weight(sample, i);
    CpuRows rows(0, sample.rows.rows, static_cast<int>(sample.rows.columns), false, "sample of the silhouette");
    for (int64_t i = 0; i < rows.rows(); ++i)
      for (int j = 0; j < rows.d(); ++j) rows.tile(i / kTileRows)[j * kTileRows + i % kTileRows] = sample.rows(i, j);
    std::vector<double> values(static_cast<size_t>(rows.rows()));
    cpu_.pool.parallel_for(rows.tiles(), [&](int64_t t, int) {
      const std::vector<double> sums = distance_sums(rows, t, sample, k);
      for (int64_t row = t * kTileRows; row < t * kTileRows + rows.tile_rows(t); ++row) {
        const size_t i = static_cast<size_t>(row);
        values[i] = classic_value(sums.data() + row % kTileRows, sizes, static_cast<size_t>(sample.labels[i]),
                                  one_client(weight(sample, i), sample.unit));
      }
    });
    return values;
  }

 private:
  static int64_t weight(const LabelledSample& sample, size_t i) {
    return sample.weights.empty() ? 1 : sample.weights[i];
  }

  /// k x 16: sums of m times the distances of tile t's rows to the sample's rows, per segment, in row order.
  std::vector<double> distance_sums(const CpuRows& rows, int64_t t, const LabelledSample& sample, int k) const {
    constexpr int64_t kPoints = 16;
    std::vector<double> sums(static_cast<size_t>(k) * kTileRows);
    double d2[kPoints * kTileRows];
    for (int64_t first = 0; first < rows.rows(); first += kPoints) {
      const int64_t count = std::min(kPoints, rows.rows() - first);
      cpu_.kernels.distance.d2_to_points(tiles_of(rows, t, 1), sample.rows.row(first).data(), static_cast<int>(count),
                                         d2, kTileRows);
      for (int64_t p = 0; p < count; ++p) {
        const size_t point = static_cast<size_t>(first + p);
        const double m = static_cast<double>(weight(sample, point));
        double* segment = sums.data() + int64_t{sample.labels[point]} * kTileRows;
        for (int i = 0; i < kTileRows; ++i) segment[i] += m * std::sqrt(d2[p * kTileRows + i]);
      }
    }
    return sums;
  }

  static double classic_value(const double* sums, const std::vector<int64_t>& sizes, size_t own, double self) {
    const double n = static_cast<double>(sizes[own]);
    if (n <= self) return 0;
    double b = kInfinity;
    for (size_t c = 0; c < sizes.size(); ++c)
      if (c != own && sizes[c] > 0) b = std::min(b, sums[c * kTileRows] / static_cast<double>(sizes[c]));
    return silhouette_value(sums[own * kTileRows] / (n - self), b);
  }

  const Cpu cpu_;
};

}  // namespace

std::unique_ptr<PairOps> make_pair_ops(const Cpu& cpu) {
  return std::make_unique<CpuPairOps>(cpu);
}

}  // namespace clientele
