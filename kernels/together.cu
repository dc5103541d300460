#include <limits>

#include "launch.h"
#include "tile_stream.h"
#include "together.h"

namespace clientele::gpu {

namespace {

/// What a kernel sees of a batch; a parameter, so that nothing needs to be copied for a pass.
struct BatchView {
  RowsView rows;
  const double* scales;  ///< d
  int tiles_at;          ///< where the tiles begin in shared memory
  int models;
  struct {
    TogetherModel model;
    ModelMemory at;
  } each[kMostTogether];
};
static_assert(sizeof(BatchView) <= 4096, "what a kernel may be given on every card");

/// Bit m: model m of the batch has something to do. The same answer for all threads of a launch.
__device__ inline unsigned open_models(const BatchView& batch) {
  unsigned open = 0;
  for (int m = 0; m < batch.models; ++m)
    if (*batch.each[m].model.ended == 0) open |= 1u << m;
  return open;
}

/// Model m in the block's shared memory. No bounds are kept.
__device__ __forceinline__ PassBlock model_block(const BatchView& batch, int m) {
  unsigned char* shared = dynamic_shared<unsigned char>();
  const ModelMemory& at = batch.each[m].at;
  const CentroidsOnDevice& own = batch.each[m].model.centroids;
  PassBlock block{reinterpret_cast<const double*>(shared),
                  own,
                  nullptr,
                  nullptr,
                  nullptr,
                  {reinterpret_cast<unsigned*>(shared + at.low), reinterpret_cast<unsigned*>(shared + at.high),
                   reinterpret_cast<unsigned*>(shared + at.rows), own.k, own.d},
                  nullptr};
  block.centroids.grouped = reinterpret_cast<const float*>(shared + at.grouped);
  block.centroids.bounds = reinterpret_cast<const ScreenBound*>(shared + at.bounds);
  return block;
}

enum Counter { kMoved, kRechecked, kCounters };

__device__ __forceinline__ unsigned* model_counters(const BatchView& batch, int m) {
  return reinterpret_cast<unsigned*>(dynamic_shared<unsigned char>() + batch.each[m].at.counters);
}

/// Brings the open models into shared memory. Ends with a barrier.
__device__ inline void open_batch(const BatchView& batch, unsigned open) {
  unsigned char* shared = dynamic_shared<unsigned char>();
  copy_to_shared(reinterpret_cast<double*>(shared), batch.scales, batch.rows.d);
  for (unsigned left = open; left != 0; left &= left - 1) {
    const int m = __ffs(static_cast<int>(left)) - 1;
    const ModelMemory& at = batch.each[m].at;
    const CentroidsOnDevice& own = batch.each[m].model.centroids;
    const int64_t padded = (int64_t{own.k} + kScreenGroup - 1) / kScreenGroup * kScreenGroup;
    copy_to_shared(reinterpret_cast<float*>(shared + at.grouped), own.grouped, padded * own.d);
    copy_to_shared(reinterpret_cast<ScreenBound*>(shared + at.bounds), own.bounds, padded);
    model_block(batch, m).table.clear();
    if (threadIdx.x < kCounters) model_counters(batch, m)[threadIdx.x] = 0;
  }
  __syncthreads();
}

/// Adds what the block has found to the totals. By all its threads.
__device__ inline void close_batch(const BatchView& batch, unsigned open) {
  __syncthreads();
  for (unsigned left = open; left != 0; left &= left - 1) {
    const int m = __ffs(static_cast<int>(left)) - 1;
    const SumsView& sums = batch.each[m].model.sums;
    model_block(batch, m).table.flush(sums);
    if (threadIdx.x != 0) continue;
    const unsigned* counters = model_counters(batch, m);
    if (counters[kMoved] != 0) atomicAdd(sums.moved, static_cast<Word>(counters[kMoved]));
    if (counters[kRechecked] != 0) atomicAdd(sums.rechecked, static_cast<Word>(counters[kRechecked]));
  }
}

/// The label of the lane's row: what the screen found, or where that is not sure the canonical one, which the whole
/// warp finds, row after row.
__device__ __forceinline__ int sure_label(bool unsure, int screened, const float* x, const CentroidsOnDevice& centroids,
                                          unsigned* counters) {
  const unsigned all = __ballot_sync(kWholeWarp, unsure);
  int label = screened;
  for (unsigned left = all; left != 0; left &= left - 1) {
    const int lane = __ffs(static_cast<int>(left)) - 1;
    const int nearest = scan_row(x - lane_of_warp() + lane, centroids).first.c;
    if (lane_of_warp() == lane) label = nearest;
  }
  if (all != 0 && lane_of_warp() == 0) atomicAdd(counters + kRechecked, static_cast<unsigned>(__popc(all)));
  return label;
}

/// Labels the rows of kTiles tiles, which stand at x in shared memory, to one model. first: the lane's row in the first
/// of them.
template <int kTiles>
__device__ __forceinline__ void label_tiles(const BatchView& batch, int m, const float* x, float (&lengths)[kTiles],
                                            int64_t first) {
  const TogetherModel& model = batch.each[m].model;
  const PassBlock block = model_block(batch, m);
  unsigned* counters = model_counters(batch, m);
  int old[kTiles];
#pragma unroll
  for (int t = 0; t < kTiles; ++t) {
    const int64_t row = first + t * kTileRows;
    old[t] = row < batch.rows.rows ? model.label[row] : -1;
  }
  Leader leaders[kTiles];
  screen_tiles<kTiles, false>(x, block.centroids, leaders, lengths);
#pragma unroll
  for (int t = 0; t < kTiles; ++t) {
    const int64_t row = first + t * kTileRows;
    const float* own = x + t * kTileRows * batch.rows.d;
    const bool valid = row < batch.rows.rows;
    const Verdict v = judge<false>(leaders[t], lengths[t], block);
    const int label = sure_label(valid && !v.certain, v.label, own, block.centroids, counters);
    const bool changed = valid && label != old[t];
    if (changed) {
      model.label[row] = label;
      block.table.move(own, block.scales, old[t], label, model.sums.out_of_range);
    }
    const unsigned moved = __ballot_sync(kWholeWarp, changed);
    if (moved != 0 && lane_of_warp() == 0) atomicAdd(counters + kMoved, static_cast<unsigned>(__popc(moved)));
  }
}

template <int kTiles, int kStages>
__global__ void __launch_bounds__(kFusedThreads, kFusedBlocks)
    label_rows_together(const __grid_constant__ BatchView batch) {
  const unsigned open = open_models(batch);
  if (open == 0) return;
  open_batch(batch, open);
  TileStream<kTiles, kStages> stream(batch.rows,
                                     reinterpret_cast<float*>(dynamic_shared<unsigned char>() + batch.tiles_at));
  for (; stream.more(); stream.advance()) {
    stream.fetch_ahead();
    const float* x = stream.arrived();
    float lengths[kTiles];
#pragma unroll
    for (int t = 0; t < kTiles; ++t)  // a bound on |x| is the same for every model
      lengths[t] = row_length(x + t * kTileRows * batch.rows.d, batch.each[0].model.centroids);
    const int64_t first = stream.first() * kTileRows + lane_of_warp();
    for (unsigned left = open; left != 0; left &= left - 1)
      label_tiles<kTiles>(batch, __ffs(static_cast<int>(left)) - 1, x, lengths, first);
  }
  close_batch(batch, open);
}

/// The kernel of one of kTogetherShapes.
void (*kernel_of(const FusedShape& shape))(BatchView) {
  return shape.tiles == 1 ? label_rows_together<1, 2> : label_rows_together<2, 2>;
}

}  // namespace

TogetherPass::TogetherPass(const Device& device, int d)
    : device_(device), d_(d), shape_(together_shape(d, device.shared_bytes())) {}

bool TogetherPass::takes(const CudaRows& rows) const {
  return shape_ && !rows.weighted() && rows.rows() <= std::numeric_limits<uint32_t>::max();
}

bool TogetherPass::takes(int k) const {
  return shape_ && model_bytes(k, d_) <= batch_room(*shape_, d_, device_.shared_bytes());
}

void TogetherPass::label(const CudaRows& rows, const double* scales, std::span<const TogetherModel> models) const {
  std::vector<int> ks;
  for (const TogetherModel& model : models) ks.push_back(model.centroids.k);
  const int64_t step_rows = int64_t{shape_->tiles} * kTileRows;
  const int64_t units = (rows.rows() + step_rows - 1) / step_rows;
  // Work is dealt out unevenly: half the rows that a block's sums may take.
  const int64_t fewest = (rows.rows() + kPlainSumRows / 2 - 1) / (kPlainSumRows / 2);
  const auto kernel = kernel_of(*shape_);
  for (const size_t count : cut_batches(ks, d_, batch_room(*shape_, d_, device_.shared_bytes()))) {
    BatchView batch{};
    batch.rows = rows.view();
    batch.scales = scales;
    batch.models = static_cast<int>(count);
    int at = whole_sixteens(int64_t{d_} * 8);
    for (size_t m = 0; m < count; ++m) {
      batch.each[m] = {models[m], model_memory(models[m].centroids.k, d_, at)};
      at = batch.each[m].at.end;
    }
    batch.tiles_at = at;
    models = models.subspan(count);
    const int64_t bytes = at + tiles_bytes(*shape_, d_);
    const int64_t resident = resident_blocks(device_, kernel, shape_->warps * kWarp, bytes);
    const int64_t blocks = std::max(std::min(resident, (units + shape_->warps - 1) / shape_->warps), fewest);
    launch(device_, "labelling rows for several models", {blocks, 1, shape_->warps * kWarp, bytes}, kernel, batch);
  }
}

}  // namespace clientele::gpu
