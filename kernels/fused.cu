#include <limits>

#include "bounded.h"
#include "fused.h"
#include "launch.h"
#include "renewed_bounds.h"
#include "tile_stream.h"

namespace clientele::gpu {

namespace {

template <int kTiles, int kStages, bool kRenew>
__global__ void __launch_bounds__(kFusedThreads, kFusedBlocks) label_rows(PassView pass) {
  if (has_ended(pass)) return;
  const PassBlock block = open_block(pass);
  const RowsView& rows = pass.rows;
  const int d = rows.d;
  int64_t moved = 0;
  for (TileStream<kTiles, kStages> stream(rows, block.tiles); stream.more(); stream.advance()) {
    stream.fetch_ahead();
    int old[kTiles];
#pragma unroll
    for (int t = 0; t < kTiles; ++t) {
      const int64_t row = (stream.first() + t) * kTileRows + lane_of_warp();
      old[t] = row < rows.rows ? rows.label[row] : -1;
    }
    const float* x = stream.arrived();
    Leader leaders[kTiles];
    float lengths[kTiles] = {};
    screen_tiles<kTiles>(x, block.centroids, leaders, lengths);
#pragma unroll
    for (int t = 0; t < kTiles; ++t) {
      const int64_t tile = stream.first() + t, row = tile * kTileRows + lane_of_warp();
      const bool valid = row < rows.rows;
      const Verdict v = judge<kRenew>(leaders[t], lengths[t], block);
      if constexpr (kRenew) {
        if (valid) rows.expiry[row] = v.expiry;
        const float remaining = v.certain ? v.expiry - block.drift_up[v.label] : 0;
        const float least = least_in_warp(valid ? remaining : HUGE_VALF);
        if (lane_of_warp() == 0 && tile < stream.tiles())
          rows.tile_expiry[tile] = __float_as_uint(tile_expiry(least, block.drift_any[1]));
      }
      moved += settle(pass, block, v, valid, row, old[t], x + t * kTileRows * d);
    }
  }
  close_block(pass, block, moved, 0);
}

/// A warp labels one listed row after the other, canonically.
__global__ void __launch_bounds__(kRowThreads) label_listed(PassView pass) {
  const Word listed = *pass.listed;
  for (Word i = static_cast<Word>(first_item() / kWarp); i < listed; i += static_cast<Word>(item_stride() / kWarp)) {
    const int64_t row = static_cast<uint32_t>(pass.rows.next[i]);
    const float* x = pass.rows.row(row);
    const int label = scan_row(x, pass.centroids).first.c;
    const int old = pass.rows.label[row];
    __syncwarp();  // every lane has read the label
    if (label == old) continue;
    add_row<false>(pass.sums, x, pass.scales, old, label, 1);
    if (lane_of_warp() != 0) continue;
    pass.rows.label[row] = label;
    atomicAdd(pass.sums.moved, Word{1});
  }
  if (first_item() == 0) atomicAdd(pass.sums.rechecked, listed);
}

/// The kernel of one of kFusedShapes.
void (*kernel_of(const FusedShape& shape, bool renew))(PassView) {
  if (shape.tiles == 1) return renew ? label_rows<1, 2, true> : label_rows<1, 2, false>;
  if (shape.stages == 2) return renew ? label_rows<2, 2, true> : label_rows<2, 2, false>;
  return renew ? label_rows<2, 3, true> : label_rows<2, 3, false>;
}

}  // namespace

FusedPass::FusedPass(const Device& device, int k, int d)
    : device_(device),
      k_(k),
      d_(d),
      shape_(fused_shape(k, d, device.shared_bytes())),
      bounded_warps_(bounded_warps(k, d, device.shared_bytes())),
      listed_(device, 1, "number of uncertain rows") {}

bool FusedPass::takes(const Device& device, int k, int d) {
  return fused_shape(k, d, device.shared_bytes()) && bounded_warps(k, d, device.shared_bytes()) > 0;
}

bool FusedPass::takes(const CudaRows& rows) const {
  return shape_ && bounded_warps_ > 0 && !rows.weighted() && rows.rows() <= std::numeric_limits<uint32_t>::max();
}

void FusedPass::renew_bounds(CudaRows& rows, const PassModel& model) const {
  rows.make_bounds();
  const RenewView view{{rows.slots(), model.centroids, model.scales, model.drift, model.sums, nullptr, nullptr},
                       rows.compressed()->view(),
                       widening(d_),
                       rows.has_bounds()};
  const int64_t bytes = pass_memory(k_, d_, bounded_warps_ * tile_bytes_of(d_)).bytes;
  const int64_t warps = (tile_count(rows.rows()) + kWarp - 1) / kWarp;
  const int64_t resident = resident_blocks(device_, renewing_kernel(), bounded_warps_ * kWarp, bytes);
  launch(device_, "renewing bounds from compressed rows",
         {std::min(resident, (warps + bounded_warps_ - 1) / bounded_warps_), 1, bounded_warps_ * kWarp, bytes},
         renewing_kernel(), view);
  rows.set_has_bounds(true);
}

FusedPass::Looked FusedPass::label(CudaRows& rows, const PassModel& model) const {
  if (model.drift.up != nullptr) rows.make_bounds();
  const PassView view{rows.view(), model.centroids, model.scales, model.drift, model.sums, model.ended, listed_.data()};
  const bool bounds = model.drift.up != nullptr;
  if (bounds && rows.has_bounds()) {
    run("labelling rows whose bounds expired", bounded_kernel(), view, bounded_warps_,
        bounded_warps_ * tile_bytes_of(d_), (tile_count(rows.rows()) + kWarp - 1) / kWarp);
    return Looked::at_expired_rows;
  }
  const int64_t step_rows = int64_t{shape_->tiles} * kTileRows;
  run("labelling rows", kernel_of(*shape_, bounds), view, shape_->warps,
      shape_->warps * shape_->tiles * shape_->stages * tile_bytes_of(d_), (rows.rows() + step_rows - 1) / step_rows);
  rows.set_has_bounds(bounds);
  return Looked::at_all_rows;
}

void FusedPass::run(const char* doing, void (*kernel)(PassView), const PassView& view, int warps, int64_t tile_bytes,
                    int64_t units) const {
  check(cudaMemsetAsync(listed_.data(), 0, sizeof(Word), device_.stream()), "filling memory");
  // Work is dealt out unevenly: half the rows that a block's sums may take.
  const int64_t fewest = (view.rows.rows + kPlainSumRows / 2 - 1) / (kPlainSumRows / 2);
  const int64_t bytes = pass_memory(k_, d_, tile_bytes).bytes;
  const int64_t resident = resident_blocks(device_, kernel, warps * kWarp, bytes);
  const int64_t blocks = std::max(std::min(resident, (units + warps - 1) / warps), fewest);
  launch(device_, doing, {blocks, 1, warps * kWarp, bytes}, kernel, view);
  launch(device_, "labelling uncertain rows", {device_.grid(view.rows.rows, kRowThreads), 1, kRowThreads}, label_listed,
         view);
}

}  // namespace clientele::gpu
