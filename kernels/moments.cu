#include <limits>

#include "clientele/base/errors.h"
#include "launch.h"
#include "moments.h"

namespace clientele::gpu {

namespace {

constexpr int64_t kNone = std::numeric_limits<int64_t>::max();

/// What one thread finds in its lane's values; thread 0 puts the 64 of them together.
struct LaneTally {
  int64_t first_present;
  int64_t present, missing, infinite;
  double min, max;

  __device__ void add(int64_t i, double x) {
    if (x != x) {
      ++missing;
    } else if (fabs(x) == HUGE_VAL) {
      ++infinite;
    } else {
      if (present == 0) first_present = i;
      ++present;
      if (x < min) min = x;
      if (x > max) max = x;
    }
  }
  __device__ void merge(const LaneTally& other) {
    if (other.first_present < first_present) first_present = other.first_present;
    present += other.present;
    missing += other.missing;
    infinite += other.infinite;
    if (other.min < min) min = other.min;
    if (other.max > max) max = other.max;
  }
};

/// Adds load(0 .. rows) to the state of one column; value i is row (row_in_block + i) of the block. Called by all 64
/// threads of a block.
template <class Load>
__device__ void add_lanes(MomentLanes& state, int64_t row_in_block, int64_t rows, const Load& load) {
  static __shared__ LaneTally tallies[kLanes];
  static __shared__ double shift;
  const int lane = static_cast<int>(threadIdx.x);
  const int64_t first = (lane - row_in_block % kLanes + kLanes) % kLanes;
  LaneTally mine{kNone, 0, 0, 0, HUGE_VAL, -HUGE_VAL};
  for (int64_t i = first; i < rows; i += kLanes) mine.add(i, load(i));
  tallies[lane] = mine;
  __syncthreads();
  if (lane == 0) {
    for (int other = 1; other < kLanes; ++other) tallies[0].merge(tallies[other]);
    const LaneTally all = tallies[0];
    if (state.present == 0 && all.present > 0) state.shift = load(all.first_present);
    shift = state.shift;
    state.present += all.present;
    state.missing += all.missing;
    state.infinite += all.infinite;
    if (all.min < state.min) state.min = all.min;
    if (all.max > state.max) state.max = all.max;
  }
  __syncthreads();
  double p = state.p[lane];
  double q = state.q[lane];
  for (int64_t i = first; i < rows; i += kLanes) {
    const double x = load(i);
    if (x != x || fabs(x) == HUGE_VAL) continue;
    const double t = x - shift;
    p = p + t;
    q = fma(t, t, q);
  }
  state.p[lane] = p;
  state.q[lane] = q;
}

struct ColumnLoad {
  const double* values;
  __device__ double operator()(int64_t i) const { return values[i]; }
};

struct FeatureLoad {
  const RowsView* rows;
  int64_t first;
  int j;
  __device__ double operator()(int64_t i) const { return static_cast<double>(rows->row(first + i)[j * kTileRows]); }
};

/// Grid: one block of 64 threads a column. values: columns x m, column-major.
__global__ void __launch_bounds__(kLanes)
    add_columns(MomentLanes* states, const double* values, int64_t m, int64_t row_in_block) {
  add_lanes(states[blockIdx.x], row_in_block, m, ColumnLoad{values + int64_t{blockIdx.x} * m});
}

/// Grid: features x global blocks; states[block * d + feature]. first: local row where the first of these blocks
/// starts.
__global__ void __launch_bounds__(kLanes) add_features(MomentLanes* states, RowsView rows, int64_t first) {
  const int j = static_cast<int>(blockIdx.x);
  const int64_t begin = first + int64_t{blockIdx.y} * kBlockRows;
  const int64_t count = rows.rows - begin < kBlockRows ? rows.rows - begin : kBlockRows;
  add_lanes(states[int64_t{blockIdx.y} * rows.d + j], 0, count, FeatureLoad{&rows, begin, j});
}

class CudaMomentPass : public MomentPass {
 public:
  CudaMomentPass(const Device& device, std::mutex& busy, int columns)
      : device_(device), busy_(busy), columns_(columns) {
    const std::lock_guard lock(busy_);
    device_.use();
    const std::vector<MomentLanes> empty(static_cast<size_t>(columns));
    states_ = uploaded<MomentLanes>(device_, empty, "moments of columns");
  }

  void add(int64_t row_in_block, ColumnsView<const double> values) override {
    if (values.columns != columns_)
      throw Error(ErrorKind::internal, {.what = "a moment pass was fed another number of columns",
                                        .expected = std::to_string(columns_),
                                        .found = std::to_string(values.columns)});
    if (values.rows == 0 || columns_ == 0) return;
    const std::lock_guard lock(busy_);
    device_.use();
    Buffer<double> piece(device_, values.rows * values.columns, "piece of source columns");
    piece.upload_columns(values);
    launch(device_, "summing columns", {values.columns, 1, kLanes}, add_columns, states_.data(), piece.data(),
           values.rows, row_in_block);
  }

  std::vector<Moments> finish() override {
    const std::lock_guard lock(busy_);
    device_.use();
    std::vector<Moments> moments;
    for (const MomentLanes& state : states_.to_host()) moments.push_back(state.close());
    return moments;
  }

 private:
  const Device& device_;
  std::mutex& busy_;
  int columns_;
  Buffer<MomentLanes> states_;
};

}  // namespace

std::unique_ptr<MomentPass> start_moment_pass(const Device& device, std::mutex& busy, int columns) {
  return std::make_unique<CudaMomentPass>(device, busy, columns);
}

void append_row_moments(const CudaRows& rows, std::vector<std::vector<Moments>>& blocks) {
  require_block_start(rows);
  const Device& device = rows.device();
  const int64_t all = (rows.rows() + kBlockRows - 1) / kBlockRows;
  for (int64_t done = 0; done < all; done += device.batch_blocks()) {
    const int64_t count = std::min(device.batch_blocks(), all - done);
    const std::vector<MomentLanes> empty(static_cast<size_t>(count * rows.d()));
    Buffer<MomentLanes> states = uploaded<MomentLanes>(device, empty, "moments of features");
    launch(device, "summing features", {rows.d(), count, kLanes}, add_features, states.data(), rows.view(),
           done * kBlockRows);
    const std::vector<MomentLanes> closed = states.to_host();
    for (int64_t b = 0; b < count; ++b) {
      std::vector<Moments>& moments = blocks.emplace_back();
      for (int j = 0; j < rows.d(); ++j) moments.push_back(closed[static_cast<size_t>(b * rows.d() + j)].close());
    }
  }
}

}  // namespace clientele::gpu
