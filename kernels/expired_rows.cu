#include "expired_rows.h"
#include "launch.h"

namespace clientele::gpu {

namespace {

/// expired[i]: of tiles 32 i to 32 i + 31, one a bit. One thread for each 32 tiles; the condition is that of
/// label_expired_rows (bounded.cu).
__global__ void __launch_bounds__(kRowThreads)
    mark_expired(RowsView rows, const float* drift_any, uint32_t* expired, int64_t words) {
  const int64_t tiles = tile_count(rows.rows);
  for (int64_t i = first_item(); i < words; i += item_stride()) {
    uint32_t marks = 0;
    for (int64_t tile = i * 32; tile < tiles && tile < i * 32 + 32; ++tile)
      if (!(drift_any[0] < __uint_as_float(rows.tile_expiry[tile]))) marks |= uint32_t{1} << (tile - i * 32);
    expired[i] = marks;
  }
}

}  // namespace

void append_expired(const CudaRows& rows, const DriftOnDevice& drift, std::vector<LocalRows>& ranges) {
  const int64_t words = (tile_count(rows.rows()) + 31) / 32;
  if (words == 0) return;
  const Device& device = rows.device();
  const Buffer<uint32_t> expired(device, words, "marks of expired tiles");
  launch(device, "looking for expired bounds", {device.grid(words, kRowThreads), 1, kRowThreads}, mark_expired,
         rows.slots(), drift.any, expired.data(), words);
  const std::vector<uint32_t> marks = expired.to_host();
  LocalRows range;  // the last one; of no row while there is none
  for (int64_t tile = 0; tile < tile_count(rows.rows()); ++tile) {
    if (((marks[static_cast<size_t>(tile / 32)] >> (tile % 32)) & 1) == 0) continue;
    const int64_t first = tile * kTileRows, last = std::min(rows.rows(), first + kTileRows);
    if (range.last == first && range.last > 0) {
      range.last = last;
      continue;
    }
    if (range.last > 0) ranges.push_back(range);
    range = {first, last};
  }
  if (range.last > 0) ranges.push_back(range);
}

}  // namespace clientele::gpu
