#include "row_order.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "bounds.h"

namespace clientele {
namespace {

constexpr int64_t kGroupBytes = int64_t{16} << 20;

int64_t group_count(const CpuRows& rows, int64_t first_tile) {
  return std::min(order_rows(rows.d()), rows.rows() - first_tile * kTileRows);
}

/// One pass of a radix sort: scratch.next = scratch.from, stably sorted by bin_of(row); then they change places.
template <class BinOf>
void sort_by(OrderScratch& scratch, size_t bins, const BinOf& bin_of) {
  scratch.bins.assign(bins + 1, 0);
  for (const uint32_t row : scratch.from) ++scratch.bins[bin_of(row) + 1];
  std::partial_sum(scratch.bins.begin(), scratch.bins.end(), scratch.bins.begin());
  scratch.next.resize(scratch.from.size());
  for (const uint32_t row : scratch.from) scratch.next[scratch.bins[bin_of(row)]++] = row;
  scratch.from.swap(scratch.next);
}

/// scratch.from: rows by label, then by slack; its upper 16 bits do.
void rank_rows(const int32_t* labels, int k, OrderScratch& scratch) {
  scratch.from.resize(scratch.slacks.size());
  std::iota(scratch.from.begin(), scratch.from.end(), 0u);
  const auto slack = [&](uint32_t row) { return std::bit_cast<uint32_t>(scratch.slacks[row]); };
  sort_by(scratch, 256, [&](uint32_t row) { return slack(row) >> 16 & 0xFF; });
  sort_by(scratch, 256, [&](uint32_t row) { return slack(row) >> 24; });
  sort_by(scratch, static_cast<size_t>(k), [&](uint32_t row) { return static_cast<uint32_t>(labels[row]); });
}

template <class T>
void permute(T* values, const std::vector<uint32_t>& from, std::vector<T>& room) {
  room.resize(from.size());
  for (size_t i = 0; i < from.size(); ++i) room[i] = values[from[i]];
  std::copy(room.begin(), room.end(), values);
}

/// A tile at a time, which stays in the first-level cache while its rows are fetched.
void permute_features(float* tiles, int d, const std::vector<uint32_t>& from, std::vector<float>& room) {
  const size_t tile_floats = static_cast<size_t>(kTileRows) * static_cast<size_t>(d);
  const size_t last = (from.size() + kTileRows - 1) / kTileRows * tile_floats;
  room.resize(last);
  if (from.size() % kTileRows != 0) std::fill(room.end() - static_cast<int64_t>(tile_floats), room.end(), 0.0f);
  for (size_t i = 0; i < from.size(); ++i) {
    const float* x = tiles + from[i] / kTileRows * tile_floats + from[i] % kTileRows;
    float* to = room.data() + i / kTileRows * tile_floats + i % kTileRows;
    for (size_t j = 0; j < tile_floats; j += kTileRows) to[j] = x[j];
  }
  std::copy(room.begin(), room.end(), tiles);
}

/// Slot i of the group gets what stood in slot scratch.from[i].
void permute_group(CpuRows& rows, int64_t first_tile, OrderScratch& scratch) {
  const int64_t slot = first_tile * kTileRows;
  permute_features(rows.tile(first_tile), rows.d(), scratch.from, scratch.features);
  permute(rows.labels() + slot, scratch.from, scratch.labels);
  if (rows.weighted()) permute(rows.weights() + slot, scratch.from, scratch.weights);
  permute(rows.order() + slot, scratch.from, scratch.order);
}

}  // namespace

int64_t order_rows(int d) {
  const int64_t row_bytes = int64_t{d} * static_cast<int64_t>(sizeof(float));
  return std::clamp<int64_t>(kGroupBytes / row_bytes / 1024 * 1024, 1024, kMostOrderRows);
}

void sort_group(CpuRows& rows, int64_t first_tile, int k, const DriftView& drift, OrderScratch& scratch) {
  const int32_t* labels = rows.labels() + first_tile * kTileRows;
  if (rows.order() != nullptr) {
    rank_rows(labels, k, scratch);
    permute_group(rows, first_tile, scratch);
    permute(scratch.slacks.data(), scratch.from, scratch.features);
  }
  const int64_t count = group_count(rows, first_tile);
  for (int64_t i = 0; i < count; i += kTileRows)
    rows.tile_bounds()[first_tile + i / kTileRows] = tile_bound(
        scratch.slacks.data() + i, labels + i, static_cast<int>(std::min<int64_t>(kTileRows, count - i)), drift);
}

void restore_group(CpuRows& rows, int64_t first_tile, OrderScratch& scratch) {
  const uint16_t* order = rows.order() + first_tile * kTileRows;
  scratch.from.resize(static_cast<size_t>(group_count(rows, first_tile)));
  for (size_t i = 0; i < scratch.from.size(); ++i) scratch.from[order[i]] = static_cast<uint32_t>(i);
  permute_group(rows, first_tile, scratch);
}

}  // namespace clientele
