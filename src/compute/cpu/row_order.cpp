#include "row_order.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <span>

#include "bounds.h"
#include "tile_layout.h"

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

/// With so many segments the bins of label and half of the slack together fit a core's first cache.
constexpr int kMostLabelsAtOnce = 32;

/// scratch.from: rows by label, then by slack, which is never negative; its upper 16 bits do.
void rank_rows(const int32_t* labels, int k, OrderScratch& scratch) {
  scratch.from.resize(scratch.slacks.size());
  std::iota(scratch.from.begin(), scratch.from.end(), 0u);
  const auto slack = [&](uint32_t row) { return std::bit_cast<uint32_t>(scratch.slacks[row]); };
  const auto label = [&](uint32_t row) { return static_cast<uint32_t>(labels[row]); };
  sort_by(scratch, 256, [&](uint32_t row) { return slack(row) >> 16 & 0xFF; });
  if (k <= kMostLabelsAtOnce) {
    sort_by(scratch, static_cast<size_t>(k) << 7, [&](uint32_t row) { return label(row) << 7 | slack(row) >> 24; });
    return;
  }
  sort_by(scratch, 128, [&](uint32_t row) { return slack(row) >> 24; });
  sort_by(scratch, static_cast<size_t>(k), label);
}

/// Asks for the rows of the next tile: they are strewn over a group that only the last cache level holds.
void prefetch_rows(const std::vector<float>& rows, int d, std::span<const uint32_t> from) {
  for (const uint32_t row : from)
    for (int64_t j = 0; j < d; j += kTileRows) __builtin_prefetch(rows.data() + int64_t{row} * d + j);
}

/// Tiles of the rows that scratch.features has side by side, 16 of scratch.from each.
template <class TileAt>
void fill_tiles(const OrderScratch& scratch, int d, size_t tiles, const TileAt& tile_at) {
  for (size_t i = 0; i < tiles; ++i) {
    const std::span<const uint32_t> from(scratch.from);
    if (i + 1 < tiles) prefetch_rows(scratch.features, d, from.subspan((i + 1) * kTileRows, kTileRows));
    tile_of_rows(scratch.features.data(), d, from.data() + i * kTileRows, tile_at(i));
  }
}

template <class T>
void permute(T* values, const std::vector<uint32_t>& from, std::vector<T>& room) {
  room.resize(from.size());
  for (size_t i = 0; i < from.size(); ++i) room[i] = values[from[i]];
  std::copy(room.begin(), room.end(), values);
}

}  // namespace

int64_t order_rows(int d) {
  // A job is planned before cleaning refuses it for having no column to cluster on.
  const int64_t row_bytes = int64_t{std::max(d, 1)} * static_cast<int64_t>(sizeof(float));
  return std::clamp<int64_t>(kGroupBytes / row_bytes / 1024 * 1024, 1024, kMostOrderRows);
}

int64_t order_scratch_bytes(int64_t rows, int d) {
  // Label, weight, order, slack; from and next.
  constexpr int64_t kBeside = 4 + 8 + 2 + 4 + 2 * 4;
  return std::min(rows, order_rows(d)) * (int64_t{d} * static_cast<int64_t>(sizeof(float)) + kBeside);
}

void make_room(const CpuRows& rows, OrderScratch& scratch) {
  const size_t count = scratch.tiles.size() * kTileRows;
  scratch.features.resize(count * static_cast<size_t>(rows.d()));
  scratch.labels.resize(count);
  scratch.order.resize(count);
  scratch.slacks.resize(count);
  if (rows.weighted()) scratch.weights.resize(count);
}

void take_tiles(const CpuRows& rows, size_t first, size_t count, OrderScratch& scratch) {
  for (size_t i = first; i < first + count; ++i) {
    const int64_t tile = scratch.tiles[i], slot = tile * kTileRows;
    const size_t to = i * kTileRows;
    rows_of_tile(rows.tile(tile), rows.d(), scratch.features.data() + to * static_cast<size_t>(rows.d()));
    std::copy_n(rows.labels() + slot, kTileRows, scratch.labels.data() + to);
    std::copy_n(rows.order() + slot, kTileRows, scratch.order.data() + to);
    if (rows.weighted()) std::copy_n(rows.weights() + slot, kTileRows, scratch.weights.data() + to);
  }
}

void put_back_sorted(CpuRows& rows, int k, const DriftView* drift, OrderScratch& scratch) {
  rank_rows(scratch.labels.data(), k, scratch);
  fill_tiles(scratch, rows.d(), scratch.tiles.size(), [&](size_t i) { return rows.tile(scratch.tiles[i]); });
  for (size_t i = 0; i < scratch.tiles.size(); ++i) {
    const int64_t tile = scratch.tiles[i], slot = tile * kTileRows;
    const uint32_t* from = scratch.from.data() + i * kTileRows;
    float slacks[kTileRows];
    for (int64_t lane = 0; lane < kTileRows; ++lane) {
      rows.labels()[slot + lane] = scratch.labels[from[lane]];
      rows.order()[slot + lane] = scratch.order[from[lane]];
      if (rows.weighted()) rows.weights()[slot + lane] = scratch.weights[from[lane]];
      slacks[lane] = scratch.slacks[from[lane]];
    }
    if (drift != nullptr) rows.tile_bounds()[tile] = tile_bound(slacks, rows.labels() + slot, kTileRows, *drift);
  }
}

void restore_group(CpuRows& rows, int64_t first_tile, OrderScratch& scratch) {
  const int64_t slot = first_tile * kTileRows, tile_floats = int64_t{kTileRows} * rows.d();
  const uint16_t* order = rows.order() + slot;
  const size_t count = static_cast<size_t>(group_count(rows, first_tile)), tiles = (count + kTileRows - 1) / kTileRows;
  std::vector<uint32_t>& from = scratch.from;
  from.resize(tiles * kTileRows);
  std::iota(from.begin(), from.end(), 0u);  // padding stays
  for (size_t i = 0; i < count; ++i) from[order[i]] = static_cast<uint32_t>(i);
  scratch.features.resize(tiles * static_cast<size_t>(tile_floats));
  for (size_t i = 0; i < tiles; ++i)
    rows_of_tile(rows.tile(first_tile + static_cast<int64_t>(i)), rows.d(),
                 scratch.features.data() + static_cast<int64_t>(i) * tile_floats);
  fill_tiles(scratch, rows.d(), tiles, [&](size_t i) { return rows.tile(first_tile + static_cast<int64_t>(i)); });
  from.resize(count);
  permute(rows.labels() + slot, from, scratch.labels);
  if (rows.weighted()) permute(rows.weights() + slot, from, scratch.weights);
}

}  // namespace clientele
