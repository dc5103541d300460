#include "lane_sums.h"

namespace clientele::gpu {

namespace {

/// scratch: k x 64 doubles a block, or null: shared memory has room. sums: blocks x k.
__global__ void __launch_bounds__(kLanes)
    sum_segments(const double* values, const int32_t* labels, int64_t rows, int k, double* scratch, double* sums) {
  double* lanes = scratch == nullptr ? dynamic_shared<double>() : scratch + int64_t{blockIdx.x} * k * kLanes;
  const int lane = static_cast<int>(threadIdx.x);
  for (int c = 0; c < k; ++c) lanes[c * kLanes + lane] = 0;
  const int64_t begin = int64_t{blockIdx.x} * kBlockRows;
  const int64_t end = begin + kBlockRows < rows ? begin + kBlockRows : rows;
  for (int64_t r = begin + lane; r < end; r += kLanes) {
    const double value = values[r];
    const int label = labels == nullptr ? 0 : labels[r];
    if (value != value || label < 0) continue;
    double* sum = lanes + label * kLanes + lane;
    *sum = *sum + value;
  }
  for (int c = 0; c < k; ++c) {
    fold_lanes(lanes + c * kLanes);
    if (lane == 0) sums[int64_t{blockIdx.x} * k + c] = lanes[c * kLanes];
  }
}

/// How the blocks of rows share the memory for lanes.
struct LanePlan {
  int64_t blocks, lane_bytes, step;
  bool in_shared;
};

LanePlan lane_plan(int64_t rows, int k, int64_t lane_bytes_at_most) {
  LanePlan plan{};
  plan.blocks = (rows + kBlockRows - 1) / kBlockRows;
  plan.lane_bytes = int64_t{k} * kLanes * static_cast<int64_t>(sizeof(double));
  plan.in_shared = plan.lane_bytes <= kSharedBytes;
  plan.step = plan.blocks;
  if (!plan.in_shared) plan.step = std::max<int64_t>(1, std::min(plan.blocks, lane_bytes_at_most / plan.lane_bytes));
  return plan;
}

}  // namespace

int64_t lane_bytes_of(int64_t rows, int k) {
  const LanePlan plan = lane_plan(rows, k, kLaneBytes);
  return plan.blocks * k * static_cast<int64_t>(sizeof(double)) + (plan.in_shared ? 0 : plan.step * plan.lane_bytes);
}

std::vector<std::vector<double>> segment_block_sums(const Device& device, const double* values, const int32_t* labels,
                                                    int64_t rows, int k, int64_t lane_bytes_at_most) {
  const auto [blocks, lane_bytes, step, in_shared] = lane_plan(rows, k, lane_bytes_at_most);
  if (blocks == 0 || k == 0) return {};
  Buffer<double> scratch;
  if (!in_shared) scratch = Buffer<double>(device, step * k * kLanes, "lanes of canonical sums");
  const Buffer<double> sums(device, blocks * k, "canonical sums of segments");
  for (int64_t done = 0; done < blocks; done += step) {
    const int64_t row = done * kBlockRows;
    launch(device, "summing segments", {std::min(step, blocks - done), 1, kLanes, in_shared ? lane_bytes : 0},
           sum_segments, values + row, labels == nullptr ? nullptr : labels + row, rows - row, k, scratch.data(),
           sums.data() + done * k);
  }
  const std::vector<double> flat = sums.to_host();
  std::vector<std::vector<double>> result;
  for (int64_t b = 0; b < blocks; ++b) result.emplace_back(flat.begin() + b * k, flat.begin() + (b + 1) * k);
  return result;
}

}  // namespace clientele::gpu
