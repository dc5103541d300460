// Lloyd's assignment pass: labels by screen, certificate and recheck; sums as integers of the rows that moved.
#include <algorithm>
#include <memory>
#include <numeric>

#include "clientele/base/errors.h"
#include "cpu_backend.h"
#include "fit_memory.h"
#include "row_order.h"

namespace clientele {
namespace {

/// body(first tile, tile count, worker) over the groups of row_order.h.
template <class Body>
void for_order_groups(ThreadPool& pool, const CpuRows& rows, const Body& body) {
  const int64_t group = order_rows(rows.d()) / kTileRows;
  pool.parallel_for((rows.tiles() + group - 1) / group, [&](int64_t index, int worker) {
    const int64_t first = index * group;
    body(first, std::min(group, rows.tiles() - first), worker);
  });
}

/// How many of the tiles from `first` on lie side by side, as far as a core's first caches hold them.
size_t tiles_in_a_row(std::span<const int64_t> tiles, size_t first) {
  constexpr size_t kMost = 16;
  size_t count = 1;
  while (count < kMost && first + count < tiles.size() && tiles[first + count] == tiles[first + count - 1] + 1) ++count;
  return count;
}

class CpuAssignPass final : public AssignPass {
 public:
  CpuAssignPass(const Cpu& cpu, const CentroidsView& centroids, std::span<const double> scales, const Drift* drift,
                CpuFits& fits)
      : cpu_(cpu),
        screen_(centroids),
        scales_(scales.begin(), scales.end()),
        fits_(fits),
        fit_(fit_of(drift, fits)),
        lists_(drift != nullptr && fit_->lists(centroids.k, centroids.d, cpu.extra_allowed)),
        kind_(drift == nullptr || lists_ ? PassKind::full : fit_->next(*drift, centroids.k, fits.orders)),
        list_kind_(lists_ ? fit_->next_listed(*drift, centroids, fits.orders) : ListPass::full) {}

  void rows_to_read(RowBlock& block, std::vector<LocalRows>& wanted) override {
    // In any order: only labels and bounds are looked at.
    const CpuRows& rows = cpu_rows_in_any_order(block);
    if (skips(rows))
      fit_->sums.rows_to_read(rows, wanted);
    else
      wanted.push_back({0, rows.rows()});
  }

  void add(RowBlock& block) override {
    CpuRows& rows = fit_ != nullptr ? cpu_rows_in_any_order(block) : cpu_rows(block);
    while (workers_.size() < static_cast<size_t>(cpu_.pool.threads()))
      workers_.emplace_back(screen_.k, screen_.d, rows.weighted());
    fits_.scratch.resize(workers_.size());
    rows_ += rows.rows();
    if (!rows.has_features() && nothing_to_read(rows)) return;
    tiles_ += rows.tiles();
    listable_ = listable_ && rows.can_be_ordered();
    if (lists_)
      add_listed(rows);
    else if (kind_ == PassKind::full)
      assign_all(rows);
    else if (skips(rows))
      assign_expired(rows);
    else
      put_in_order(rows);
  }

  PassResult finish() override {
    PassResult result;
    int64_t distances = 0;
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
      distances += worker.distances;
    }
    if (lists_)
      fit_->list_choice.record(list_kind_, result, distances, rows_, unlisted_, tiles_);
    else if (fit_ != nullptr)
      fit_->choice.record(kind_, result, distances, rows_, looked_, expiring_);
    if (fit_ != nullptr) fit_->listable_rows = listable_ ? rows_ : 0;
    return result;
  }

 private:
  bool skips(const CpuRows& rows) const { return kind_ == PassKind::bounded && rows.bounds_order() == fit_->order; }
  bool nothing_to_read(CpuRows& rows) {
    std::vector<LocalRows> wanted;
    rows_to_read(rows, wanted);
    return wanted.empty();
  }

  void add_listed(CpuRows& rows) {
    if (list_kind_ == ListPass::listed && rows.bounds_order() == fit_->order)
      assign_listed(rows);
    else if (list_kind_ == ListPass::listing && rows.can_be_ordered())
      make_lists(rows);
    else if (list_kind_ == ListPass::ordering && rows.can_be_ordered())
      put_in_order(rows);
    else
      assign_all(rows);
  }

  void make_lists(CpuRows& rows) {
    rows.start_candidates(fit_->order, listed_at_most(screen_.k, screen_.d));
    std::vector<int64_t> unlisted(workers_.size());
    for_tiles(cpu_.pool, rows, [&](int64_t first, int64_t count, int worker) {
      unlisted[static_cast<size_t>(worker)] += cpu_.kernels.assign.assign_and_list(
          screen_, tiles_of(rows, first, count), scales_, labels(rows, first), weights(rows, first),
          candidates(rows, first), workers_[static_cast<size_t>(worker)]);
    });
    unlisted_ = std::accumulate(unlisted.begin(), unlisted.end(), unlisted_);
  }

  void assign_listed(CpuRows& rows) {
    for_tiles(cpu_.pool, rows, [&](int64_t first, int64_t count, int worker) {
      cpu_.kernels.assign.assign_listed(screen_, tiles_of(rows, first, count), scales_, labels(rows, first),
                                        weights(rows, first), candidates(rows, first),
                                        workers_[static_cast<size_t>(worker)]);
    });
  }

  CandidatesView candidates(const CpuRows& rows, int64_t first) const {
    CandidatesView view = fit_->candidates.view();
    rows.view_candidates(first, view);
    return view;
  }

  void assign_all(CpuRows& rows) {
    rows.drop_bounds();
    int64_t begin = 0;
    if (fit_ != nullptr && !lists_ && fit_->choice.probe_step() > 0 && looked_ == 0) begin = probe(rows);
    for_tiles(cpu_.pool, rows, [&](int64_t first, int64_t count, int worker) {
      const int64_t skip = std::clamp<int64_t>(begin - first, 0, count);
      if (skip == count) return;
      first += skip;
      TileLengths lengths = rows.lengths();
      if (lengths.of != nullptr) lengths.of += first;
      cpu_.kernels.assign.assign(screen_, tiles_of(rows, first, count - skip), scales_, labels(rows, first),
                                 weights(rows, first), lengths, workers_[static_cast<size_t>(worker)]);
    });
    if (begin == 0 && rows.lengths().of != nullptr) rows.set_lengths_known(true);
  }

  void assign_expired(CpuRows& rows) {
    for_tiles(cpu_.pool, rows, [&](int64_t first, int64_t count, int worker) {
      cpu_.kernels.assign.assign_expired(screen_, tiles_of(rows, first, count), scales_, labels(rows, first),
                                         weights(rows, first), fit_->sums.view(rows, first),
                                         workers_[static_cast<size_t>(worker)]);
    });
  }

  /// Labels the rows of tiles whose bounds have expired and puts them in order.
  void put_in_order(CpuRows& rows) {
    if (rows.order() == nullptr && rows.can_be_ordered()) {
      rows.start_order();
      for_order_groups(cpu_.pool, rows, [&](int64_t first, int64_t count, int) {
        uint16_t* order = rows.order() + first * kTileRows;
        std::iota(order, order + count * kTileRows, uint16_t{0});
      });
    }
    const bool bounded = kind_ == PassKind::ordering && rows.bounds_order() == fit_->order_before;
    if (lists_)
      rows.drop_bounds();
    else
      rows.start_bounds(fit_->order);
    const DriftView before = fit_->sums_before.view(), now = fit_->sums.view();
    for_order_groups(cpu_.pool, rows, [&](int64_t first, int64_t count, int worker) {
      std::vector<int64_t>& expired = fits_.scratch[static_cast<size_t>(worker)].tiles;
      expired.clear();
      for (int64_t tile = first; tile < first + count; ++tile)
        if (!bounded || !rebase(rows.tile_bounds()[tile], before, now)) expired.push_back(tile);
      order_tiles(rows, static_cast<size_t>(worker));
    });
  }

  void order_tiles(CpuRows& rows, size_t worker) {
    OrderScratch& scratch = fits_.scratch[worker];
    const auto stays = [&](int64_t tile) { return rows.order() == nullptr || rows.tile_rows(tile) < kTileRows; };
    for (const int64_t tile : scratch.tiles) {
      if (!stays(tile)) continue;
      find_slacks(rows, tile, 1, worker, scratch.slacks);
      if (lists_) continue;
      rows.tile_bounds()[tile] =
          tile_bound(scratch.slacks.data(), labels(rows, tile), rows.tile_rows(tile), fit_->sums.view());
    }
    std::erase_if(scratch.tiles, stays);
    make_room(rows, scratch);
    for (size_t first = 0, count = 0; first < scratch.tiles.size(); first += count) {
      count = tiles_in_a_row(scratch.tiles, first);
      const int64_t tile = scratch.tiles[first];
      cpu_.kernels.assign.assign_with_slacks(screen_, tiles_of(rows, tile, static_cast<int64_t>(count)), scales_,
                                             labels(rows, tile), weights(rows, tile),
                                             scratch.slacks.data() + first * kTileRows, workers_[worker]);
      take_tiles(rows, first, count, scratch);
    }
    const DriftView drift = fit_->sums.view();
    put_back_sorted(rows, screen_.k, lists_ ? nullptr : &drift, scratch);
  }

  void find_slacks(CpuRows& rows, int64_t first, int64_t count, size_t worker, std::vector<float>& slacks) {
    const Tiles tiles = tiles_of(rows, first, count);
    slacks.resize(static_cast<size_t>(count * kTileRows));
    cpu_.kernels.assign.assign_with_slacks(screen_, tiles, scales_, labels(rows, first), weights(rows, first),
                                           slacks.data(), workers_[worker]);
    slacks.resize(static_cast<size_t>(tiles.rows));
  }

  /// Labels the first rows and counts those with little slack. Returns the number of tiles.
  int64_t probe(CpuRows& rows) {
    const int64_t count = std::min(kProbeTiles, rows.tiles());
    std::vector<float> slacks;
    find_slacks(rows, 0, count, 0, slacks);
    looked_ = static_cast<int64_t>(slacks.size());
    for (const float slack : slacks) expiring_ += static_cast<double>(slack) <= fit_->choice.probe_step() ? 1 : 0;
    return count;
  }

  static int32_t* labels(CpuRows& rows, int64_t tile) { return rows.labels() + tile * kTileRows; }
  static int64_t* weights(CpuRows& rows, int64_t tile) {
    return rows.weighted() ? rows.weights() + tile * kTileRows : nullptr;
  }

  static constexpr int64_t kProbeTiles = 256;
  const Cpu cpu_;
  const Screen screen_;
  const std::vector<double> scales_;
  CpuFits& fits_;
  CpuFit* const fit_;  ///< null for a pass that belongs to none
  const bool lists_;   ///< the fit's passes have lists: list_kind_ says what this one does, kind_ otherwise
  const PassKind kind_;
  const ListPass list_kind_;
  std::vector<PassSums> workers_;
  int64_t rows_ = 0, tiles_ = 0, looked_ = 0, expiring_ = 0, unlisted_ = 0;
  bool listable_ = true;
};

class CpuAssignOps final : public AssignOps {
 public:
  explicit CpuAssignOps(const Cpu& cpu) : cpu_(cpu) {}

  std::unique_ptr<AssignPass> start(const CentroidsView& centroids, std::span<const double> scales,
                                    const Drift* drift) override {
    return std::make_unique<CpuAssignPass>(cpu_, centroids, scales, drift, fits_);
  }

  void end_fit(RowBlock& block) override {
    CpuRows& rows = cpu_rows_in_any_order(block);
    if (rows.order() == nullptr) return;
    rows.drop_bounds();
    fits_.scratch.resize(static_cast<size_t>(cpu_.pool.threads()));
    for_order_groups(cpu_.pool, rows, [&](int64_t first, int64_t, int worker) {
      restore_group(rows, first, fits_.scratch[static_cast<size_t>(worker)]);
    });
    rows.end_order();
    rows.release_candidates();
    fits_.scratch.clear();
  }

  void use_labels(RowBlock& rows, int set) override { cpu_rows_in_any_order(rows).use_labels(set); }
  void drop_other_labels(RowBlock& rows) override { cpu_rows(rows).drop_other_labels(); }

  void clear_labels(RowBlock& block) override {
    CpuRows& rows = cpu_rows(block);
    rows.release_bounds();
    rows.set_lengths_known(false);
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
  CpuFits fits_;
};

}  // namespace

std::unique_ptr<AssignOps> make_assign_ops(const Cpu& cpu) {
  return std::make_unique<CpuAssignOps>(cpu);
}

}  // namespace clientele
