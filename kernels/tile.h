// Layout of a block's features in device memory: tiles of 32 rows, dimension-major inside a tile, so that the 32 lanes
// of a warp, one row each, read 128 consecutive bytes for every feature. Rows past the end of the last tile are zero.
#pragma once

#include <cstdint>

#include "clientele/base/host_device.h"

namespace clientele::gpu {

inline constexpr int kTileRows = 32;

CLIENTELE_HD constexpr int64_t tile_count(int64_t rows) {
  return (rows + kTileRows - 1) / kTileRows;
}

/// Floats that `rows` rows of d features take, the last tile's padding included.
CLIENTELE_HD constexpr int64_t tiled_size(int64_t rows, int d) {
  return tile_count(rows) * kTileRows * d;
}

/// Where feature 0 of a row stands; feature j is kTileRows * j further on.
CLIENTELE_HD constexpr int64_t tiled_index(int64_t row, int d) {
  return row / kTileRows * kTileRows * d + row % kTileRows;
}

/// What kernels see of a block. Device memory.
struct RowsView {
  float* values = nullptr;          ///< tiled, rows x d
  int32_t* label = nullptr;         ///< rows
  int32_t* next = nullptr;          ///< rows: labels or row numbers of the pass under way
  const int64_t* weight = nullptr;  ///< rows, or null: every weight is 1
  double* min_d2 = nullptr;         ///< rows, or null outside seeding
  float* expiry = nullptr;          ///< rows: see expiry.h; rubbish unless the block has bounds
  unsigned* tile_expiry = nullptr;  ///< tiles: the bits of a float >= 0, which order like the floats
  int64_t first_row = 0;            ///< global index of row 0
  int64_t rows = 0;
  int d = 0;

  CLIENTELE_HD const float* row(int64_t r) const { return values + tiled_index(r, d); }
  CLIENTELE_HD int64_t m(int64_t r) const { return weight == nullptr ? 1 : weight[r]; }
};

}  // namespace clientele::gpu
