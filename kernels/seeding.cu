#include <limits>

#include "clientele/base/errors.h"
#include "clientele/compute/formulas.h"
#include "lane_sums.h"
#include "launch.h"
#include "seeding.h"

namespace clientele::gpu {

namespace {

/// A Draw inside one block of rows: less wins, ties by lowest row.
struct Drawn {
  double key;
  int64_t row;
  __host__ __device__ bool before(double other_key, int64_t other_row) const {
    return row >= 0 && (other_row < 0 || key < other_key || (key == other_key && row < other_row));
  }
};

/// winners[trial * gridDim.x + block]: the block's winner, row -1 where no row has weight. grid.y: trial.
__global__ void __launch_bounds__(kRowThreads) draw_winners(RowsView rows, const RandomKey* keys, Drawn* winners) {
  static __shared__ Drawn found[kRowThreads];
  const RandomKey key = keys[blockIdx.y];
  Drawn best{HUGE_VAL, -1};
  for (int64_t r = first_item(); r < rows.rows; r += item_stride()) {
    const double w = draw_weight(rows.m(r), rows.min_d2 == nullptr ? HUGE_VAL : rows.min_d2[r]);
    if (!(w > 0)) continue;
    const int64_t row = rows.first_row + r;
    if (best.row >= 0 && !draw_may_win(random_unit(key, row), w, best.key)) continue;
    const Drawn candidate{weighted_key(key, row, w), row};
    if (candidate.before(best.key, best.row)) best = candidate;
  }
  found[threadIdx.x] = best;
  for (unsigned half = kRowThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x >= half) continue;
    const Drawn other = found[threadIdx.x + half];
    if (other.before(found[threadIdx.x].key, found[threadIdx.x].row)) found[threadIdx.x] = other;
  }
  if (threadIdx.x == 0) winners[int64_t{blockIdx.y} * gridDim.x + blockIdx.x] = found[0];
}

/// sums[candidate * gridDim.x + block]: canonical sum over one 65,536-row block. grid.y: candidate. blockDim.x ==
/// kLanes.
__global__ void __launch_bounds__(kLanes) sum_potentials(RowsView rows, const float* candidates, double* sums) {
  static __shared__ double lanes[kLanes];
  const float* candidate = candidates + int64_t{blockIdx.y} * rows.d;
  const int64_t begin = int64_t{blockIdx.x} * kBlockRows;
  const int64_t end = begin + kBlockRows < rows.rows ? begin + kBlockRows : rows.rows;
  double sum = 0;
  for (int64_t r = begin + threadIdx.x; r < end; r += kLanes)
    sum = sum + potential_term(rows.m(r), rows.min_d2[r], canonical_d2(rows.row(r), kTileRows, candidate, 1, rows.d));
  lanes[threadIdx.x] = sum;
  fold_lanes(lanes);
  if (threadIdx.x == 0) sums[int64_t{blockIdx.y} * gridDim.x + blockIdx.x] = lanes[0];
}

__global__ void __launch_bounds__(kRowThreads) lower_rows(RowsView rows, const float* centroid) {
  for (int64_t r = first_item(); r < rows.rows; r += item_stride()) {
    const double d2 = canonical_d2(rows.row(r), kTileRows, centroid, 1, rows.d);
    if (d2 < rows.min_d2[r]) rows.min_d2[r] = d2;
  }
}

/// centroids: k x d, row-major.
__global__ void __launch_bounds__(kRowThreads) lower_rows_to_own(RowsView rows, const float* centroids) {
  for (int64_t r = first_item(); r < rows.rows; r += item_stride()) {
    const float* own = centroids + int64_t{rows.label[r]} * rows.d;
    const double d2 = canonical_d2(rows.row(r), kTileRows, own, 1, rows.d);
    if (d2 < rows.min_d2[r]) rows.min_d2[r] = d2;
  }
}

}  // namespace

void require_seeding(const CudaRows& rows) {
  if (rows.slots().min_d2 == nullptr)
    throw Error(ErrorKind::internal, {.what = "a seeding operation outside start_seeding and end_seeding"});
}

void draw_rows(const CudaRows& rows, std::span<const RandomKey> keys, std::span<Draw> draws) {
  if (rows.rows() == 0 || keys.empty()) return;
  const Device& device = rows.device();
  const int64_t blocks = device.grid(rows.rows(), kRowThreads);
  const auto on_device = uploaded<RandomKey>(device, keys, "keys of draws");
  const Buffer<Drawn> winners(device, blocks * static_cast<int64_t>(keys.size()), "winners of draws");
  launch(device, "drawing rows", {blocks, static_cast<int64_t>(keys.size()), kRowThreads}, draw_winners, rows.slots(),
         on_device.data(), winners.data());
  const std::vector<Drawn> found = winners.to_host();
  for (size_t i = 0; i < found.size(); ++i) {
    Draw& draw = draws[i / static_cast<size_t>(blocks)];
    if (found[i].before(draw.key, draw.row)) draw = {found[i].key, found[i].row};
  }
}

void append_potentials(const CudaRows& rows, HostView<const float> candidates, std::span<CanonicalSum> potentials) {
  require_seeding(rows);
  require_block_start(rows);
  if (rows.rows() == 0 || candidates.rows == 0) return;
  const Device& device = rows.device();
  const int64_t blocks = (rows.rows() + kBlockRows - 1) / kBlockRows;
  const auto on_device =
      uploaded<float>(device, {candidates.data, static_cast<size_t>(candidates.size())}, "candidate seeds");
  const Buffer<double> sums(device, blocks * candidates.rows, "potentials of candidates");
  launch(device, "summing potentials", {blocks, candidates.rows, kLanes}, sum_potentials, rows.view(), on_device.data(),
         sums.data());
  const std::vector<double> found = sums.to_host();
  for (size_t i = 0; i < found.size(); ++i) potentials[i / static_cast<size_t>(blocks)].append_closed(found[i]);
}

void lower_to_centroid(CudaRows& rows, std::span<const float> centroid) {
  require_seeding(rows);
  if (rows.rows() == 0) return;
  const Device& device = rows.device();
  const auto on_device = uploaded<float>(device, centroid, "new seed");
  launch(device, "measuring rows to a new seed", {device.grid(rows.rows(), kRowThreads)}, lower_rows, rows.view(),
         on_device.data());
}

void lower_to_own(CudaRows& rows, const CentroidsView& centroids) {
  require_seeding(rows);
  if (rows.rows() == 0) return;
  const Device& device = rows.device();
  const auto on_device = uploaded<float>(
      device, {centroids.data, static_cast<size_t>(int64_t{centroids.k} * centroids.d)}, "centroids of a first pass");
  launch(device, "measuring rows to their own centroids", {device.grid(rows.rows(), kRowThreads)}, lower_rows_to_own,
         rows.view(), on_device.data());
}

}  // namespace clientele::gpu
