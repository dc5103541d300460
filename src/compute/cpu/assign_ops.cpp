// Lloyd's assignment pass: labels by screen, certificate and recheck; sums as integers of the rows that moved.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <optional>

#include "bounds.h"
#include "clientele/base/errors.h"
#include "cpu_backend.h"

namespace clientele {
namespace {

class CpuAssignPass final : public AssignPass {
 public:
  CpuAssignPass(const Cpu& cpu, const CentroidsView& centroids, std::span<const double> scales, const Drift* drift,
                BoundsChoice& choice)
      : cpu_(cpu), screen_(centroids), scales_(scales.begin(), scales.end()), choice_(choice) {
    if (choice.bounded(drift, centroids.k)) drift_.emplace(*drift);
  }

  void add(RowBlock& block) override {
    const auto begin = std::chrono::steady_clock::now();
    CpuRows& rows = cpu_rows(block);
    while (workers_.size() < static_cast<size_t>(cpu_.pool.threads()))
      workers_.emplace_back(screen_.k, screen_.d, rows.weighted());
    renewed_ = renewed_ || !rows.has_bounds();
    if (!drift_) rows.drop_bounds();
    if (drift_ && !rows.has_bounds()) rows.start_bounds();
    for_tiles(cpu_.pool, rows, [&](int64_t first, int64_t count, int worker) {
      assign(rows, first, count, static_cast<size_t>(worker));
    });
    seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }

  PassResult finish() override {
    PassResult result;
    const size_t k = static_cast<size_t>(screen_.k);
    result.sums.resize(k * static_cast<size_t>(screen_.d));
    result.counts.resize(k);
    result.rows.resize(k);
    for (PassSums& worker : workers_) {
      worker.flush();
      for (size_t i = 0; i < result.sums.size(); ++i) result.sums[i].add(worker.wide[i]);
      for (size_t c = 0; c < k; ++c) {
        result.counts[c] += worker.counts[c];
        result.rows[c] += worker.rows[c];
      }
      result.moved += worker.moved;
      result.scanned += worker.scanned;
      result.rechecked += worker.rechecked;
    }
    choice_.record(drift_.has_value(), renewed_, seconds_, result);
    return result;
  }

 private:
  void assign(CpuRows& rows, int64_t first, int64_t count, size_t worker) {
    const AssignKernels& kernels = cpu_.kernels.assign;
    const Tiles tiles = tiles_of(rows, first, count);
    int32_t* labels = rows.labels() + first * kTileRows;
    const int64_t* weights = rows.weighted() ? rows.weights() + first * kTileRows : nullptr;
    if (drift_)
      kernels.assign_expired(screen_, tiles, scales_, labels, weights, drift_->view(rows, first), workers_[worker]);
    else
      kernels.assign(screen_, tiles, scales_, labels, weights, workers_[worker]);
  }

  const Cpu cpu_;
  const Screen screen_;
  const std::vector<double> scales_;
  BoundsChoice& choice_;
  std::optional<DriftTable> drift_;  ///< of a bounded pass
  std::vector<PassSums> workers_;
  double seconds_ = 0;
  bool renewed_ = false;  ///< a block had no bounds yet
};

class CpuAssignOps final : public AssignOps {
 public:
  explicit CpuAssignOps(const Cpu& cpu) : cpu_(cpu) {}

  std::unique_ptr<AssignPass> start(const CentroidsView& centroids, std::span<const double> scales,
                                    const Drift* drift) override {
    return std::make_unique<CpuAssignPass>(cpu_, centroids, scales, drift, choice_);
  }

  void use_labels(RowBlock& rows, int set) override { cpu_rows(rows).use_labels(set); }
  void drop_other_labels(RowBlock& rows) override { cpu_rows(rows).drop_other_labels(); }

  void clear_labels(RowBlock& block) override {
    CpuRows& rows = cpu_rows(block);
    rows.drop_bounds();
    std::fill_n(rows.labels(), rows.rows(), -1);
  }

  void copy_labels(const RowBlock& block, std::span<int32_t> out) override {
    const CpuRows& rows = cpu_rows(block);
    std::copy_n(rows.labels(), rows.rows(), out.begin());
  }

  void publish(RowBlock& rows, const CentroidsView& centroids, const PublishedRows& out, PublishSums& sums) override {
    require_block_start(rows);
    publish_rows(cpu_, cpu_rows(rows), centroids, out, sums);
  }

  void far_rows(const RowBlock& rows, const CentroidsView& centroids, int count, std::vector<FarRow>& best) override {
    rank_far_rows(cpu_, cpu_rows(rows), centroids, count, best);
  }

  void square_sums(const RowBlock& block, std::span<const double> scales, std::span<Int128> sums) override {
    const CpuRows& rows = cpu_rows(block);
    std::vector<std::vector<Int128>> partial(static_cast<size_t>(cpu_.pool.threads()),
                                             std::vector<Int128>(sums.size()));
    for_tiles(cpu_.pool, rows, [&](int64_t first, int64_t count, int worker) {
      std::vector<Int128>& own = partial[static_cast<size_t>(worker)];
      if (rows.weighted())
        weighted_squares(rows, first, count, scales, own);
      else
        cpu_.kernels.column.square_sums(tiles_of(rows, first, count), scales, own);
    });
    for (const auto& own : partial)
      for (size_t j = 0; j < sums.size(); ++j) sums[j] += own[j];
  }

 private:
  static void weighted_squares(const CpuRows& rows, int64_t first, int64_t count, std::span<const double> scales,
                               std::vector<Int128>& sums) {
    for (int64_t t = first; t < first + count; ++t) {
      const float* x = rows.tile(t);
      for (int j = 0; j < rows.d(); ++j) {
        for (int i = 0; i < rows.tile_rows(t); ++i) {
          const Int128 q = quantise(x[j * kTileRows + i], scales[static_cast<size_t>(j)]);
          sums[static_cast<size_t>(j)] += rows.weights()[t * kTileRows + i] * q * q;
        }
      }
    }
  }

  const Cpu cpu_;
  BoundsChoice choice_;
};

}  // namespace

std::unique_ptr<AssignOps> make_assign_ops(const Cpu& cpu) {
  return std::make_unique<CpuAssignOps>(cpu);
}

}  // namespace clientele
