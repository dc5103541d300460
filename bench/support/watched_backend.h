// A backend that notes when each assignment pass of a fit began and ended, and can hide the drift from it, so that
// lloyd() itself is measured, round by round, with or without bounds.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "clientele/env/env.h"

namespace clientele::bench {

using Instant = std::chrono::steady_clock::time_point;
double milliseconds(Instant from, Instant to);

struct WatchedPass {
  Instant begin, end;
  int64_t moved = 0, scanned = 0, rechecked = 0;
};

/// Labels, sums and counts are those of the backend beneath.
class WatchedBackend final : public Backend, public AssignOps {
 public:
  /// dense: every pass finds every label anew.
  WatchedBackend(std::unique_ptr<Backend> beneath, bool dense) : beneath_(std::move(beneath)), dense_(dense) {}

  /// Since the label slots were last cleared.
  const std::vector<WatchedPass>& passes() const { return passes_; }
  Instant cleared() const { return cleared_; }

  BackendFacts facts() const override { return beneath_->facts(); }
  std::unique_ptr<RowBlock> make_rows(int64_t first_row, int64_t rows, int d, bool weighted,
                                      const std::string& purpose) override {
    return beneath_->make_rows(first_row, rows, d, weighted, purpose);
  }
  int64_t rows_bytes(int64_t rows, int d, bool weighted) const override {
    return beneath_->rows_bytes(rows, d, weighted);
  }
  int64_t seeding_bytes(int64_t rows) const override { return beneath_->seeding_bytes(rows); }
  int64_t scratch_bytes(int64_t rows, int d, int k) const override { return beneath_->scratch_bytes(rows, d, k); }
  ColumnOps& column_ops() override { return beneath_->column_ops(); }
  AssignOps& assign_ops() override { return *this; }
  SampleOps& sample_ops() override { return beneath_->sample_ops(); }
  PairOps& pair_ops() override { return beneath_->pair_ops(); }

  std::unique_ptr<AssignPass> start(const CentroidsView& centroids, std::span<const double> scales,
                                    const Drift* drift) override;
  void clear_labels(RowBlock& rows) override;
  void end_fit(RowBlock& rows) override { ops().end_fit(rows); }
  void use_labels(RowBlock& rows, int set) override { ops().use_labels(rows, set); }
  void drop_other_labels(RowBlock& rows) override { ops().drop_other_labels(rows); }
  void copy_labels(const RowBlock& rows, std::span<int32_t> out) override { ops().copy_labels(rows, out); }
  void publish(RowBlock& rows, const CentroidsView& centroids, const PublishedRows& out, PublishSums& sums) override {
    ops().publish(rows, centroids, out, sums);
  }
  void far_rows(const RowBlock& rows, const CentroidsView& centroids, int count, std::vector<FarRow>& best) override {
    ops().far_rows(rows, centroids, count, best);
  }
  void square_sums(const RowBlock& rows, std::span<const double> scales, std::span<Int128> sums) override {
    ops().square_sums(rows, scales, sums);
  }

 private:
  AssignOps& ops() { return beneath_->assign_ops(); }

  std::unique_ptr<Backend> beneath_;
  bool dense_;
  Instant cleared_;
  std::vector<WatchedPass> passes_;
};

/// Notes when each round ended.
class RoundClock final : public SilentProgress {
 public:
  void advance(int64_t units) override;
  std::vector<Instant> rounds;
};

}  // namespace clientele::bench
