// How a block of the fused or the bounded pass divides its dynamic shared memory, and whether a model fits.
#pragma once

#include <cstdint>
#include <optional>

#include "clientele/base/host_device.h"
#include "clientele/compute/formulas.h"
#include "tile.h"
#include "tuning.h"

namespace clientele::gpu {

/// Byte offsets; every part begins on a multiple of 16.
struct PassMemory {
  int64_t scales;   ///< d doubles
  int64_t grouped;  ///< the centroids of the screen, see CentroidsOnDevice
  int64_t bounds;   ///< one ScreenBound a centroid, padded to whole groups
  int64_t drift;    ///< up and down of the drift's k segments, and of any
  int64_t low;      ///< BlockTable: low words of the sums
  int64_t high;     ///< and their high words
  int64_t rows;     ///< and the segments' rows
  int64_t tiles;    ///< of rows, one warp's after the other's
  int64_t bytes;
};

/// Coordinates of two segments in the table of sums lie in different banks.
CLIENTELE_HD constexpr int table_stride(int d) {
  return d | 1;
}

/// tile_bytes: for rows of features, of all warps together.
CLIENTELE_HD constexpr PassMemory pass_memory(int k, int d, int64_t tile_bytes) {
  constexpr auto whole = [](int64_t bytes) { return (bytes + 15) / 16 * 16; };
  const int64_t padded = (int64_t{k} + kScreenGroup - 1) / kScreenGroup * kScreenGroup;
  const int64_t cells = int64_t{k} * table_stride(d);
  constexpr int64_t word = sizeof(float);
  PassMemory m{};
  m.grouped = whole(d * static_cast<int64_t>(sizeof(double)));
  m.bounds = m.grouped + whole(padded * d * word);
  m.drift = m.bounds + whole(padded * static_cast<int64_t>(sizeof(ScreenBound)));
  m.low = m.drift + whole(2 * (int64_t{k} + 1) * word);
  m.high = m.low + whole(cells * word);
  m.rows = m.high + whole(cells * word);
  m.tiles = m.rows + whole(k * word);
  m.bytes = m.tiles + tile_bytes;
  return m;
}

CLIENTELE_HD constexpr int64_t tile_bytes_of(int d) {
  return int64_t{kTileRows} * d * static_cast<int64_t>(sizeof(float));
}

/// The first of kFusedShapes that `shared_bytes` a block have room for.
constexpr std::optional<FusedShape> fused_shape(int k, int d, int64_t shared_bytes) {
  for (const FusedShape& shape : kFusedShapes)
    if (pass_memory(k, d, shape.warps * shape.tiles * shape.stages * tile_bytes_of(d)).bytes <= shared_bytes)
      return shape;
  return std::nullopt;
}

/// The first of kBoundedWarps that there is room for; 0: none.
constexpr int bounded_warps(int k, int d, int64_t shared_bytes) {
  for (const int warps : kBoundedWarps)
    if (pass_memory(k, d, warps * tile_bytes_of(d)).bytes <= shared_bytes) return warps;
  return 0;
}

}  // namespace clientele::gpu
