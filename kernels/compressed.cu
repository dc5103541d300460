#include "clientele/compute/formulas.h"
#include "compressed.h"
#include "launch.h"
#include "nearest.h"
#include "tensor_model.h"

namespace clientele::gpu {

namespace {

/// A warp takes tile after tile, a row a lane.
__global__ void __launch_bounds__(kRowThreads)
    compress_tiles(RowsView rows, float growth, uint32_t* pairs, float* errors) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int64_t tiles = tile_count(rows.rows);
  for (int64_t tile = first_item() / kWarp; tile < tiles; tile += item_stride() / kWarp) {
    const float* x = rows.values + tile * kTileRows * rows.d + lane;
    uint32_t* to = pairs + tile * kTileRows * pairs_of(rows.d) + lane;
    float error2 = 0;
    for (int pair = 0; pair < pairs_of(rows.d); ++pair) {
      uint32_t both = 0;
#pragma unroll
      for (int side = 0; side < 2; ++side) {
        const int j = 2 * pair + side;
        const float v = j < rows.d ? x[j * kTileRows] : 0.0f;
        const uint32_t bits = bf16_bits(v);
        const float off = v - bf16_value(bits);  // exact, or infinite
        error2 = fmaf(off, off, error2);
        both |= bits << (16 * side);
      }
      to[pair * kTileRows] = both;
    }
    errors[tile * kTileRows + lane] = screen_length(error2, growth);
  }
}

int64_t pair_words(int64_t rows, int d) {
  return tile_count(rows) * kTileRows * pairs_of(d);
}

}  // namespace

std::optional<CompressedRows> CompressedRows::if_room(const Device& device, int64_t rows, int d) {
  CompressedRows made;
  made.pairs_ = Buffer<uint32_t>::if_room(device, pair_words(rows, d));
  if (made.pairs_.data() != nullptr) made.errors_ = Buffer<float>::if_room(device, tile_count(rows) * kTileRows);
  if (made.errors_.data() == nullptr) return std::nullopt;
  return made;
}

int64_t CompressedRows::bytes(int64_t rows, int d) {
  return (pair_words(rows, d) + tile_count(rows) * kTileRows) * static_cast<int64_t>(sizeof(uint32_t));
}

void CompressedRows::take(const Device& device, const RowsView& rows) {
  launch(device, "compressing rows", {device.grid(tile_count(rows.rows) * kWarp, kRowThreads), 1, kRowThreads},
         compress_tiles, rows, screen_growth(rows.d), pairs_.data(), errors_.data());
}

}  // namespace clientele::gpu
