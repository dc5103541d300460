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
    if (fused_ && paths.bounds && choice_ != nullptr && choice_->bounded(drift, centroids.k))
      drift_.emplace(device, *drift);
  }

  void rows_to_read(const RowBlock& block, std::vector<LocalRows>& wanted) const override {
    const CudaRows& rows = own(block, device_);
    if (!drift_ || !rows.has_bounds() || !fused_->takes(rows)) return AssignPass::rows_to_read(block, wanted);
    const size_t before = wanted.size();
    append_expired(rows, drift_->view(), wanted);
    if (wanted.size() == before) at_rest_.push_back(&block);
  }

  void add(RowBlock& block) override {
    CudaRows& rows = own(block, device_);
    if (rows.d() != centroids_.d())
      throw Error(ErrorKind::internal, {.what = "rows and centroids have different numbers of features",
                                        .expected = std::to_string(centroids_.d()),
                                        .found = std::to_string(rows.d())});
    rows_ += rows.rows();
    const bool at_rest = !rows.has_features() && std::find(at_rest_.begin(), at_rest_.end(), &block) != at_rest_.end();
    if (rows.rows() == 0 || at_rest) return;
    if (fused_ && fused_->takes(rows))
      label_fused(rows);
    else
      label_separately(rows);
  }

  PassResult finish() override {
    device_.use();
    PassResult result = sums_.result();
    result.scanned += scanned_;
    if (choice_ != nullptr) choice_->record(drift_.has_value(), renewed_, rows_, result);
    return result;
  }

 private:
  void label_fused(CudaRows& rows) {
    const PassModel model{centroids_.view(), sums_.scales(), drift_ ? drift_->view() : DriftOnDevice{}, sums_.view()};
    if (fused_->label(rows, model) == FusedPass::Looked::at_expired_rows) return;
    scanned_ += rows.rows();
    renewed_ = drift_.has_value();
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
  std::optional<UploadedDrift> drift_;            ///< of a bounded pass
  mutable std::vector<const RowBlock*> at_rest_;  ///< of which rows_to_read wanted nothing
  int64_t rows_ = 0;                              ///< of all blocks
  int64_t scanned_ = 0;                           ///< of blocks that were labelled whole
  bool renewed_ = false;                          ///< a block had no bounds yet
};

}  // namespace

std::unique_ptr<AssignPass> start_assign_pass(const Device& device, const Paths& paths, const CentroidsView& centroids,
                                              std::span<const double> scales, const Drift* drift) {
  device.use();
  return std::make_unique<CudaAssignPass>(device, paths, centroids, scales, drift);
}

}  // namespace clientele::gpu
