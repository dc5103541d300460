// How models that share a read of the rows are dealt out to batches, and how a block of a batch's pass divides its
// dynamic shared memory: the fixed-point scales, one model's part after the other's, the rows' tiles.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "pass_memory.h"

namespace clientele::gpu {

/// Byte offsets of one model's part in a block's shared memory; every part begins on a multiple of 16.
struct ModelMemory {
  int grouped;   ///< the centroids of the screen, see CentroidsOnDevice
  int bounds;    ///< one ScreenBound a centroid, padded to whole groups
  int low;       ///< BlockTable: low words of the sums
  int high;      ///< and their high words
  int rows;      ///< and the segments' rows
  int counters;  ///< 2 unsigned: rows that moved, rows that the screen could not certify
  int end;
};

CLIENTELE_HD constexpr int whole_sixteens(int64_t bytes) {
  return static_cast<int>((bytes + 15) / 16 * 16);
}

constexpr ModelMemory model_memory(int k, int d, int begin) {
  const int64_t padded = (int64_t{k} + kScreenGroup - 1) / kScreenGroup * kScreenGroup;
  const int cells = whole_sixteens(int64_t{k} * table_stride(d) * 4);
  ModelMemory m{};
  m.grouped = begin;
  m.bounds = m.grouped + whole_sixteens(padded * d * 4);
  m.low = m.bounds + whole_sixteens(padded * static_cast<int64_t>(sizeof(ScreenBound)));
  m.high = m.low + cells;
  m.rows = m.high + cells;
  m.counters = m.rows + whole_sixteens(int64_t{k} * 4);
  m.end = m.counters + 16;
  return m;
}

constexpr int64_t model_bytes(int k, int d) {
  return model_memory(k, d, 0).end;
}

constexpr int64_t tiles_bytes(const FusedShape& shape, int d) {
  return shape.warps * shape.tiles * shape.stages * tile_bytes_of(d);
}

/// Bytes that are left for models beside the scales and the tiles.
constexpr int64_t batch_room(const FusedShape& shape, int d, int64_t shared_bytes) {
  return shared_bytes - tiles_bytes(shape, d) - whole_sixteens(int64_t{d} * 8);
}

/// The first of kTogetherShapes that leaves room for kTogetherSegments segments; none: such rows are read model by
/// model.
constexpr std::optional<FusedShape> together_shape(int d, int64_t shared_bytes) {
  for (const FusedShape& shape : kTogetherShapes)
    if (model_bytes(kTogetherSegments, d) <= batch_room(shape, d, shared_bytes)) return shape;
  return std::nullopt;
}

/// How many models, in their order, each batch takes: about as few batches as `room` bytes allow, of about the same
/// size. Every model must fit one of its own.
inline std::vector<size_t> cut_batches(std::span<const int> ks, int d, int64_t room) {
  int64_t total = 0;
  for (const int k : ks) total += model_bytes(k, d);
  const int64_t share = total / std::max<int64_t>((total + room - 1) / room, 1);
  std::vector<size_t> batches;
  int64_t taken = room;
  for (const int k : ks) {
    const bool full = taken >= share || taken + model_bytes(k, d) > room;
    if (batches.empty() || full || batches.back() == static_cast<size_t>(kMostTogether)) {
      batches.push_back(0);
      taken = 0;
    }
    ++batches.back();
    taken += model_bytes(k, d);
  }
  return batches;
}

}  // namespace clientele::gpu
