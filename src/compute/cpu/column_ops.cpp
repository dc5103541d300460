// Column operations: statistics of streamed values, features into tiles, and statistics and changes of resident rows.
#include <cmath>

#include "clientele/compute/formulas.h"
#include "cpu_backend.h"
#include "digits.h"
#include "moments.h"
#include "transform_rows.h"

namespace clientele {
namespace {

class CpuMomentPass final : public MomentPass {
 public:
  CpuMomentPass(const ColumnKernels& kernels, int columns) : kernels_(kernels), lanes_(static_cast<size_t>(columns)) {}

  void add(int64_t row_in_block, ColumnsView<const double> values) override {
    for (size_t c = 0; c < lanes_.size(); ++c)
      add_values(kernels_, row_in_block, values.column(static_cast<int64_t>(c)), lanes_[c]);
  }
  std::vector<Moments> finish() override {
    std::vector<Moments> moments;
    moments.reserve(lanes_.size());
    for (const MomentLanes& lanes : lanes_) moments.push_back(lanes.close());
    return moments;
  }

 private:
  const ColumnKernels& kernels_;
  std::vector<MomentLanes> lanes_;
};

class CpuColumnOps final : public ColumnOps {
 public:
  explicit CpuColumnOps(const Cpu& cpu) : cpu_(cpu) {}

  std::unique_ptr<MomentPass> start_moments(int columns) override {
    return std::make_unique<CpuMomentPass>(cpu_.kernels.column, columns);
  }

  void count_digits(ColumnsView<const double> values, int level, int targets, std::span<const uint64_t> prefix,
                    std::span<int64_t> counts) override {
    const size_t t = static_cast<size_t>(targets);
    for (size_t c = 0; c < static_cast<size_t>(values.columns); ++c) {
      DigitCounter counter(level, prefix.subspan(c * t, t), counts.subspan(c * t * 65536, t * 65536));
      for (const double x : values.column(static_cast<int64_t>(c))) counter.add(x);
    }
  }

  TransformCounts transform(ColumnsView<const double> values, std::span<const FeatureTransform> features,
                            std::span<const double> knots, RowBlock& out, int64_t row_in_out) override {
    return transform_rows(cpu_.kernels.column, values, features, knots, cpu_rows(out), row_in_out);
  }

  void row_moments(const RowBlock& block, std::vector<std::vector<Moments>>& blocks) override {
    require_block_start(block);
    const CpuRows& rows = cpu_rows(block);
    const size_t begin = blocks.size();
    blocks.resize(begin + static_cast<size_t>(block_count(rows)));
    for_blocks(cpu_.pool, rows, [&](int64_t index, int64_t first, int64_t count, int) {
      blocks[begin + static_cast<size_t>(index)] = block_moments(cpu_.kernels.column, rows, first, count);
    });
  }

  void centre(RowBlock& block, std::span<const double> means) override {
    CpuRows& rows = cpu_rows(block);
    for_tiles(cpu_.pool, rows, [&](int64_t first, int64_t count, int) {
      cpu_.kernels.column.centre(rows.tile(first), count, means.first(static_cast<size_t>(rows.d())));
    });
    rows.clear_padding();
  }

  int64_t unit_rows(RowBlock& block) override {
    CpuRows& rows = cpu_rows(block);
    std::vector<int64_t> zeros(static_cast<size_t>(cpu_.pool.threads()));
    for_tiles(cpu_.pool, rows, [&](int64_t first, int64_t count, int worker) {
      for (int64_t t = first; t < first + count; ++t)
        zeros[static_cast<size_t>(worker)] += scale_tile(rows.tile(t), rows.d(), rows.tile_rows(t));
    });
    int64_t total = 0;
    for (const int64_t own : zeros) total += own;
    return total;
  }

  std::vector<float> max_abs(const RowBlock& block) override {
    const CpuRows& rows = cpu_rows(block);
    const size_t d = static_cast<size_t>(rows.d());
    std::vector<std::vector<float>> workers(static_cast<size_t>(cpu_.pool.threads()), std::vector<float>(d));
    for_tiles(cpu_.pool, rows, [&](int64_t first, int64_t count, int worker) {
      cpu_.kernels.column.max_abs(tiles_of(rows, first, count), workers[static_cast<size_t>(worker)]);
    });
    std::vector<float> largest(d);
    for (const auto& own : workers)
      for (size_t j = 0; j < d; ++j) largest[j] = std::max(largest[j], own[j]);
    return largest;
  }

  void count_row_digits(const RowBlock& block, int level, int targets, std::span<const uint64_t> prefix,
                        std::span<int64_t> counts) override {
    const CpuRows& rows = cpu_rows(block);
    const size_t t = static_cast<size_t>(targets);
    // One feature a task: its counts are nobody else's.
    cpu_.pool.parallel_for(rows.d(), [&](int64_t index, int) {
      const size_t j = static_cast<size_t>(index);
      DigitCounter counter(level, prefix.subspan(j * t, t), counts.subspan(j * t * 65536, t * 65536));
      for (int64_t row = 0; row < rows.rows(); ++row)
        counter.add(static_cast<double>(rows.at(row, static_cast<int>(index))));
    });
  }

 private:
  /// Unit length for each row of a tile; returns how many are zero.
  static int64_t scale_tile(float* tile, int d, int rows) {
    int64_t zeros = 0;
    for (int i = 0; i < rows; ++i) {
      double norm2 = 0;
      for (int j = 0; j < d; ++j) norm2 = norm_step(norm2, tile[j * kTileRows + i]);
      if (norm2 == 0) {
        ++zeros;
        continue;
      }
      const double norm = std::sqrt(norm2);
      for (int j = 0; j < d; ++j) tile[j * kTileRows + i] = unit_value(tile[j * kTileRows + i], norm);
    }
    return zeros;
  }

  const Cpu cpu_;
};

}  // namespace

std::unique_ptr<ColumnOps> make_column_ops(const Cpu& cpu) {
  return std::make_unique<CpuColumnOps>(cpu);
}

}  // namespace clientele
