#include "duplicate_ids.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <span>
#include <utility>

namespace clientele {
namespace {

constexpr int kPartitionBits = 8;
constexpr size_t kPartitions = size_t{1} << kPartitionBits;
constexpr int64_t kChunkRows = 1 << 16;

uint64_t mix(uint64_t x) {  // the finaliser of splitmix64 (Steele, Lea and Flood, OOPSLA 2014)
  x ^= x >> 30;
  x *= 0xBF58476D1CE4E5B9u;
  x ^= x >> 27;
  x *= 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

class Ids {
 public:
  explicit Ids(const IdColumn& ids) : ids_(ids), width_(static_cast<size_t>(ids.width)) {}

  uint64_t hash(int64_t row) const {
    if (ids_.kind == IdColumn::Kind::integer)
      return mix(static_cast<uint64_t>(ids_.integers[static_cast<size_t>(row)]));
    const char* text = bytes(row);
    uint64_t h = width_;
    for (size_t i = 0; i < width_; i += 8) {
      uint64_t word = 0;
      std::memcpy(&word, text + i, std::min<size_t>(8, width_ - i));
      h = mix(h ^ word) + 0x9E3779B97F4A7C15u;
    }
    return h;
  }

  int compare(int64_t a, int64_t b) const {
    if (ids_.kind == IdColumn::Kind::integer) {
      const int64_t x = ids_.integers[static_cast<size_t>(a)], y = ids_.integers[static_cast<size_t>(b)];
      return x < y ? -1 : x > y ? 1 : 0;
    }
    return std::memcmp(bytes(a), bytes(b), width_);
  }

 private:
  const char* bytes(int64_t row) const { return ids_.bytes.data() + static_cast<size_t>(row) * width_; }
  const IdColumn& ids_;
  size_t width_;
};

/// Rows ordered by partition (top bits of the hash), ascending inside each.
struct Partitioned {
  std::vector<int64_t> rows;
  std::array<int64_t, kPartitions + 1> begin{};
};

size_t partition_of(uint64_t hash) {
  return hash >> (64 - kPartitionBits);
}

Partitioned partition(const Ids& ids, int64_t n, ThreadPool& pool) {
  const int64_t chunks = (n + kChunkRows - 1) / kChunkRows;
  std::vector<std::array<int64_t, kPartitions>> place(static_cast<size_t>(chunks));
  const auto each_row = [&](int64_t chunk, const auto& body) {
    for (int64_t row = chunk * kChunkRows; row < std::min(n, (chunk + 1) * kChunkRows); ++row) body(row);
  };
  pool.parallel_for(chunks, [&](int64_t chunk, int) {
    auto& counts = place[static_cast<size_t>(chunk)];
    counts.fill(0);
    each_row(chunk, [&](int64_t row) { ++counts[partition_of(ids.hash(row))]; });
  });
  Partitioned out;
  int64_t next = 0;
  for (size_t p = 0; p < kPartitions; ++p) {
    out.begin[p] = next;
    for (auto& counts : place) next += std::exchange(counts[p], next);
  }
  out.begin[kPartitions] = next;
  out.rows.resize(static_cast<size_t>(n));
  pool.parallel_for(chunks, [&](int64_t chunk, int) {
    auto& to = place[static_cast<size_t>(chunk)];
    each_row(chunk, [&](int64_t row) { out.rows[static_cast<size_t>(to[partition_of(ids.hash(row))]++)] = row; });
  });
  return out;
}

DuplicateIds search(const Ids& ids, std::span<const int64_t> rows, KeepRow keep, std::vector<int64_t>& table) {
  DuplicateIds out;
  const size_t mask = std::bit_ceil(std::max<size_t>(rows.size() * 2, 16)) - 1;
  table.assign(mask + 1, -1);
  for (const int64_t row : rows) {
    size_t slot = ids.hash(row) & mask;
    while (table[slot] >= 0 && ids.compare(table[slot], row) != 0) slot = (slot + 1) & mask;
    if (table[slot] < 0) {
      table[slot] = row;
      continue;
    }
    if (out.first_row <
        0) {  // rows ascend, so this is the lowest repetition, and the table still holds the id's first row
      out.first_row = row;
      out.repeats_row = table[slot];
    }
    out.surplus.push_back(keep == KeepRow::first ? row : std::exchange(table[slot], row));
  }
  return out;
}

bool strictly_ascending(const Ids& ids, int64_t n) {
  for (int64_t row = 1; row < n; ++row)
    if (ids.compare(row - 1, row) >= 0) return false;
  return true;
}

}  // namespace

DuplicateIds find_duplicate_ids(const IdColumn& column, KeepRow keep, ThreadPool& pool) {
  if (column.kind == IdColumn::Kind::row_number || column.rows < 2) return {};
  const Ids ids(column);
  if (strictly_ascending(ids, column.rows)) return {};
  const Partitioned parts = partition(ids, column.rows, pool);
  std::vector<DuplicateIds> found(kPartitions);
  std::vector<std::vector<int64_t>> tables(static_cast<size_t>(pool.threads()));
  pool.parallel_for(kPartitions, [&](int64_t p, int worker) {
    const size_t i = static_cast<size_t>(p);
    const auto rows =
        std::span(parts.rows)
            .subspan(static_cast<size_t>(parts.begin[i]), static_cast<size_t>(parts.begin[i + 1] - parts.begin[i]));
    found[i] = search(ids, rows, keep, tables[static_cast<size_t>(worker)]);
  });
  DuplicateIds out;
  for (const DuplicateIds& f : found) {
    out.surplus.insert(out.surplus.end(), f.surplus.begin(), f.surplus.end());
    if (f.first_row >= 0 && (out.first_row < 0 || f.first_row < out.first_row)) {
      out.first_row = f.first_row;
      out.repeats_row = f.repeats_row;
    }
  }
  std::sort(out.surplus.begin(), out.surplus.end());
  out.found = static_cast<int64_t>(out.surplus.size());
  return out;
}

}  // namespace clientele
