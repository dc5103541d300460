#include <algorithm>

#include "assign.h"
#include "bounds_choice.h"
#include "clientele/base/errors.h"
#include "expired_rows.h"
#include "fused.h"
#include "launch.h"
#include "moved_sums.h"
#include "nearest.h"
#include "tensor.h"
#include "uploaded_drift.h"

namespace clientele::gpu {

namespace {

/// One thread a row: next = the certified label, or kUncertain.
__global__ void __launch_bounds__(kRowThreads) screen_rows(RowsView rows, CentroidsOnDevice centroids) {
  for (int64_t r = first_item(); r < rows.rows; r += item_stride()) {
    rows.next[r] = screened_label(rows.row(r), centroids);
  }
}

/// next = the canonical label where the screen left none.
__global__ void __launch_bounds__(kRowThreads)
    recheck_rows(RowsView rows, CentroidsOnDevice centroids, unsigned long long* rechecked) {
  const int64_t found = scan_uncertain(rows, 0, rows.rows, centroids, [&rows](int64_t row, const NearTwo& nearest) {
    rows.next[row] = nearest.first.c;
  });
  if (threadIdx.x == 0 && found > 0) atomicAdd(rechecked, static_cast<unsigned long long>(found));
}

class CudaAssignPass : public AssignPass {
 public:
  CudaAssignPass(const Device& device, const Paths& paths, const CentroidsView& centroids,
                 std::span<const double> scales, const Drift* drift)
      : device_(device),
        choice_(drift != nullptr ? &choice_of(*drift) : nullptr),
        centroids_(device, centroids),
        sums_(device, centroids.k, centroids.d, scales) {
    if (centroids.k >= paths.tensor_from && tensor_takes(centroids.d))
      tensor_.emplace(device, centroids);
    else if (paths.fused)
      fused_.emplace(device, centroids.k, centroids.d);
    if (!fused_ || !paths.bounds || choice_ == nullptr || centroids.k == 1) return;
    fit_ = drift;
    bounded_ = choice_->bounded(drift, centroids.k);
  }

  void rows_to_read(RowBlock& block, std::vector<LocalRows>& wanted) override {
    CudaRows& rows = own(block, device_);
    if (fit_ == nullptr || rows.rows() == 0 || !fused_->takes(rows)) return AssignPass::rows_to_read(block, wanted);
    // Bounds are of one set of labels: another one's pass over the block would lose them before add().
    if (rows.compressed() != nullptr && fit_->steps > 0 && !rows.has_other_labels()) {
      fused_->renew_bounds(rows, model(true));
      renewed_bounds_.push_back(&block);
    } else if (!bounded_ || !rows.has_bounds()) {
      return AssignPass::rows_to_read(block, wanted);
    }
    const size_t before = wanted.size();
    append_expired(rows, drift(), wanted);
    if (wanted.size() == before) at_rest_.push_back(&block);
  }

  void add(RowBlock& block) override {
    CudaRows& rows = own(block, device_);
    if (rows.d() != centroids_.d())
      throw Error(ErrorKind::internal, {.what = "rows and centroids have different numbers of features",
                                        .expected = std::to_string(centroids_.d()),
                                        .found = std::to_string(rows.d())});
    rows_ += rows.rows();
    if (rows.rows() == 0 || (!rows.has_features() && is_among(at_rest_, block))) return;
    if (fused_ && fused_->takes(rows))
      label_fused(rows);
    else
      label_separately(rows);
  }

  PassResult finish() override {
    device_.use();
    PassResult result = sums_.result();
    result.scanned += scanned_;
    if (choice_ != nullptr) choice_->record(bounded_, renewed_, rows_, result);
    return result;
  }

 private:
  static bool is_among(const std::vector<const RowBlock*>& blocks, const RowBlock& block) {
    return std::find(blocks.begin(), blocks.end(), &block) != blocks.end();
  }
  DriftOnDevice drift() {
    if (!drift_) drift_.emplace(device_, *fit_);
    return drift_->view();
  }
  PassModel model(bool with_bounds) {
    return {centroids_.view(), sums_.scales(), with_bounds ? drift() : DriftOnDevice{}, sums_.view()};
  }

  void label_fused(CudaRows& rows) {
    if (fit_ != nullptr && rows.can_compress()) rows.compress();
    const bool with_bounds = bounded_ || is_among(renewed_bounds_, rows);
    if (fused_->label(rows, model(with_bounds)) == FusedPass::Looked::at_expired_rows) return;
    scanned_ += rows.rows();
    renewed_ = with_bounds;
  }

  void label_separately(CudaRows& rows) {
    scanned_ += rows.rows();
    rows.set_has_bounds(false);
    const Grid grid{device_.grid(rows.rows(), kRowThreads), 1, kRowThreads};
    if (tensor_) {
      tensor_->screen(rows);
      tensor_->screen_again(rows, centroids_.view());
    } else {
      launch(device_, "screening rows", grid, screen_rows, rows.view(), centroids_.view());
    }
    launch(device_, "rechecking rows", grid, recheck_rows, rows.view(), centroids_.view(), sums_.view().rechecked);
    sums_.add_moved(rows);
  }

  const Device& device_;
  BoundsChoice* const choice_;  ///< of the fit, if the pass belongs to one
  ScreenedCentroids centroids_;
  MovedSums sums_;
  std::optional<FusedPass> fused_;  ///< as far as it takes the rows
  std::optional<TensorScreen> tensor_;
  const Drift* fit_ = nullptr;                   ///< of the fit, if bounds are of use to the pass
  bool bounded_ = false;                         ///< all blocks get bounds, and are read where they have expired
  std::optional<UploadedDrift> drift_;           ///< once it is needed
  std::vector<const RowBlock*> at_rest_;         ///< of which rows_to_read wanted nothing
  std::vector<const RowBlock*> renewed_bounds_;  ///< from their compressed copies
  int64_t rows_ = 0;                             ///< of all blocks
  int64_t scanned_ = 0;                          ///< of blocks that were labelled whole
  bool renewed_ = false;                         ///< a block had no bounds yet
};

}  // namespace

std::unique_ptr<AssignPass> start_assign_pass(const Device& device, const Paths& paths, const CentroidsView& centroids,
                                              std::span<const double> scales, const Drift* drift) {
  device.use();
  return std::make_unique<CudaAssignPass>(device, paths, centroids, scales, drift);
}

}  // namespace clientele::gpu
