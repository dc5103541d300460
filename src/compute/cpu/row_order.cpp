#include "row_order.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "bounds.h"

namespace clientele {
namespace {

constexpr int64_t kGroupBytes = int64_t{4} << 20;

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

/// Row `from` of tiles that lie side by side, as lane `lane` of the tile `to`.
void copy_row(const float* tiles, int64_t tile_floats, uint32_t from, float* to, int64_t lane) {
  const float* x = tiles + from / kTileRows * tile_floats + from % kTileRows;
  for (int64_t j = 0; j < tile_floats; j += kTileRows) to[j + lane] = x[j];
}

template <class T>
void permute(T* values, const std::vector<uint32_t>& from, std::vector<T>& room) {
  room.resize(from.size());
  for (size_t i = 0; i < from.size(); ++i) room[i] = values[from[i]];
  std::copy(room.begin(), room.end(), values);
}

}  // namespace

int64_t order_rows(int d) {
  const int64_t row_bytes = int64_t{d} * static_cast<int64_t>(sizeof(float));
  return std::clamp<int64_t>(kGroupBytes / row_bytes / 1024 * 1024, 1024, kMostOrderRows);
}

int64_t order_scratch_bytes(int64_t rows, int d) {
  // Label, weight, order, slack; from and next.
  constexpr int64_t kBeside = 4 + 8 + 2 + 4 + 2 * 4;
  return std::min(rows, order_rows(d)) * (int64_t{d} * static_cast<int64_t>(sizeof(float)) + kBeside);
}

void take_tiles(const CpuRows& rows, OrderScratch& scratch) {
  const int64_t tile_floats = int64_t{kTileRows} * rows.d();
  const size_t count = scratch.tiles.size();
  scratch.features.resize(count * static_cast<size_t>(tile_floats));
  scratch.labels.resize(count * kTileRows);
  scratch.order.resize(count * kTileRows);
  scratch.slacks.resize(count * kTileRows);
  if (rows.weighted()) scratch.weights.resize(count * kTileRows);
  for (size_t i = 0; i < count; ++i) {
    const int64_t tile = scratch.tiles[i], slot = tile * kTileRows;
    const size_t to = i * kTileRows;
    std::copy_n(rows.tile(tile), tile_floats, scratch.features.data() + static_cast<int64_t>(i) * tile_floats);
    std::copy_n(rows.labels() + slot, kTileRows, scratch.labels.data() + to);
    std::copy_n(rows.order() + slot, kTileRows, scratch.order.data() + to);
    if (rows.weighted()) std::copy_n(rows.weights() + slot, kTileRows, scratch.weights.data() + to);
  }
}

void put_back_sorted(CpuRows& rows, int k, const DriftView& drift, OrderScratch& scratch) {
  const int64_t tile_floats = int64_t{kTileRows} * rows.d();
  rank_rows(scratch.labels.data(), k, scratch);
  for (size_t i = 0; i < scratch.tiles.size(); ++i) {
    const int64_t tile = scratch.tiles[i], slot = tile * kTileRows;
    float slacks[kTileRows];
    for (int64_t lane = 0; lane < kTileRows; ++lane) {
      const uint32_t from = scratch.from[i * kTileRows + static_cast<size_t>(lane)];
      copy_row(scratch.features.data(), tile_floats, from, rows.tile(tile), lane);
      rows.labels()[slot + lane] = scratch.labels[from];
      rows.order()[slot + lane] = scratch.order[from];
      if (rows.weighted()) rows.weights()[slot + lane] = scratch.weights[from];
      slacks[lane] = scratch.slacks[from];
    }
    rows.tile_bounds()[tile] = tile_bound(slacks, rows.labels() + slot, kTileRows, drift);
  }
}

void restore_group(CpuRows& rows, int64_t first_tile, OrderScratch& scratch) {
  const int64_t slot = first_tile * kTileRows, tile_floats = int64_t{kTileRows} * rows.d();
  const uint16_t* order = rows.order() + slot;
  std::vector<uint32_t>& from = scratch.from;
  from.resize(static_cast<size_t>(group_count(rows, first_tile)));
  for (size_t i = 0; i < from.size(); ++i) from[order[i]] = static_cast<uint32_t>(i);
  const int64_t floats = (static_cast<int64_t>(from.size()) + kTileRows - 1) / kTileRows * tile_floats;
  scratch.features.assign(rows.tile(first_tile), rows.tile(first_tile) + floats);
  for (size_t i = 0; i < from.size(); ++i)
    copy_row(scratch.features.data(), tile_floats, from[i], rows.tile(first_tile + static_cast<int64_t>(i) / kTileRows),
             static_cast<int64_t>(i) % kTileRows);
  permute(rows.labels() + slot, from, scratch.labels);
  if (rows.weighted()) permute(rows.weights() + slot, from, scratch.weights);
}

}  // namespace clientele
