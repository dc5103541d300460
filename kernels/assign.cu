#include "assign.h"
#include "clientele/base/errors.h"
#include "launch.h"
#include "moved_sums.h"
#include "nearest.h"

namespace clientele::gpu {

namespace {

/// One thread a row: next = the certified label, or kUncertain.
__global__ void __launch_bounds__(kRowThreads) screen_rows(RowsView rows, CentroidsOnDevice centroids) {
  for (int64_t r = first_item(); r < rows.rows; r += item_stride()) {
    const float* x = rows.row(r);
    const float length = row_length(x, centroids);
    int32_t label = kUncertain;
    if (length <= kScreenReach) {
      const Shortlist found = screen_row(x, length, centroids);
      const bool certified = found.second_bound - found.first_bound > screen_gap(centroids.bounds[found.first], length);
      if (certified) label = found.first;
    }
    rows.next[r] = label;
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
  CudaAssignPass(const Device& device, const CentroidsView& centroids, std::span<const double> scales)
      : device_(device), centroids_(device, centroids), sums_(device, centroids.k, centroids.d, scales) {}

  void add(RowBlock& block) override {
    CudaRows& rows = own(block, device_);
    if (rows.d() != centroids_.d())
      throw Error(ErrorKind::internal, {.what = "rows and centroids have different numbers of features",
                                        .expected = std::to_string(centroids_.d()),
                                        .found = std::to_string(rows.d())});
    scanned_ += rows.rows();
    if (rows.rows() == 0) return;
    const Grid grid{device_.grid(rows.rows(), kRowThreads), 1, kRowThreads};
    launch(device_, "screening rows", grid, screen_rows, rows.view(), centroids_.view());
    launch(device_, "rechecking rows", grid, recheck_rows, rows.view(), centroids_.view(), sums_.rechecked());
    sums_.add_moved(rows);
  }

  PassResult finish() override {
    device_.use();
    PassResult result = sums_.result();
    result.scanned = scanned_;
    return result;
  }

 private:
  const Device& device_;
  ScreenedCentroids centroids_;
  MovedSums sums_;
  int64_t scanned_ = 0;
};

}  // namespace

std::unique_ptr<AssignPass> start_assign_pass(const Device& device, const CentroidsView& centroids,
                                              std::span<const double> scales) {
  device.use();
  return std::make_unique<CudaAssignPass>(device, centroids, scales);
}

}  // namespace clientele::gpu
