#include "clientele/cluster/across_ranks.h"

#include <algorithm>
#include <cstring>
#include <set>

namespace clientele {

namespace {

/// Wanted rows that this rank owns, ascending, and where each stands among `global`.
class OwnRows {
 public:
  OwnRows(const RowBlocks& rows, std::span<const int64_t> global) {
    for (size_t i = 0; i < global.size(); ++i)
      if (global[i] >= rows.first_row && global[i] < rows.first_row + rows.rows)
        found_.emplace_back(global[i], static_cast<int64_t>(i));
    std::sort(found_.begin(), found_.end());
  }

  /// Those of a block.
  std::span<const std::pair<int64_t, int64_t>> of(const RowBlock& block) const {
    const auto begin = std::lower_bound(found_.begin(), found_.end(), std::pair(block.first_row(), int64_t{0}));
    const auto end = std::lower_bound(begin, found_.end(), std::pair(block.first_row() + block.rows(), int64_t{0}));
    return {begin, end};
  }

 private:
  std::vector<std::pair<int64_t, int64_t>> found_;
};

/// This rank's rows among `global`, as positions in `global`, block by block.
void fetch_own(const RowBlocks& rows, std::span<const int64_t> global, SampleOps& ops, std::vector<int64_t>& positions,
               std::vector<float>& values) {
  const OwnRows own(rows, global);
  const auto fetch = [&](const RowBlock& block) {
    std::vector<int64_t> local;
    for (const auto& [row, position] : own.of(block)) {
      local.push_back(row - block.first_row());
      positions.push_back(position);
    }
    if (local.empty()) return;
    const size_t begin = values.size();
    values.resize(begin + local.size() * static_cast<size_t>(rows.d));
    ops.fetch(block, local, HostView<float>{values.data() + begin, static_cast<int64_t>(local.size()), rows.d});
  };
  rows.each(fetch, [&](const RowBlock& block, std::vector<LocalRows>& wanted) {
    for (const auto& [row, position] : own.of(block))
      wanted.push_back({row - block.first_row(), row - block.first_row() + 1});
  });
}

}  // namespace

std::vector<float> fetch_rows(const RowBlocks& rows, std::span<const int64_t> global, Env& env) {
  std::vector<int64_t> own_positions;
  std::vector<float> own_values;
  fetch_own(rows, global, env.backend.sample_ops(), own_positions, own_values);
  const std::vector<int64_t> positions = env.comm.gather_all<int64_t>(own_positions);
  const std::vector<float> values = env.comm.gather_all<float>(own_values);

  const size_t d = static_cast<size_t>(rows.d);
  std::vector<float> out(global.size() * d);
  for (size_t i = 0; i < positions.size(); ++i)
    std::copy_n(values.begin() + static_cast<int64_t>(i * d), d, out.begin() + positions[i] * rows.d);
  return out;
}

std::vector<std::pair<uint64_t, int64_t>> smallest_keys(const RowBlocks& rows, const RandomKey& key, int64_t count,
                                                        Env& env) {
  std::vector<std::pair<uint64_t, int64_t>> own;
  rows.each([&](const RowBlock& block) { env.backend.sample_ops().smallest_keys(block, key, count, own); },
            Features::unused);
  std::vector<uint64_t> words;
  for (const auto& [bits, row] : own) {
    words.push_back(bits);
    words.push_back(static_cast<uint64_t>(row));
  }
  const std::vector<uint64_t> all = env.comm.gather_all<uint64_t>(words);
  std::vector<std::pair<uint64_t, int64_t>> out;
  for (size_t i = 0; i < all.size(); i += 2) out.emplace_back(all[i], static_cast<int64_t>(all[i + 1]));
  std::sort(out.begin(), out.end());
  if (static_cast<int64_t>(out.size()) > count) out.resize(static_cast<size_t>(count));
  return out;
}

std::vector<double> merge_blocks(const std::vector<std::vector<double>>& blocks, int width, Comm& comm) {
  std::vector<double> own;
  for (const auto& block : blocks) own.insert(own.end(), block.begin(), block.end());
  const std::vector<double> all = comm.gather_all<double>(own);
  const size_t columns = static_cast<size_t>(width);
  std::vector<double> out(columns);
  std::vector<double> column(all.size() / columns);
  for (size_t c = 0; c < columns; ++c) {
    for (size_t b = 0; b < column.size(); ++b) column[b] = all[b * columns + c];
    out[c] = CanonicalSum::merge(column);
  }
  return out;
}

int64_t count_distinct_rows(const RowBlocks& rows, int64_t limit, Env& env) {
  std::vector<std::vector<float>> own;
  rows.each_until([&](const RowBlock& block) {
    env.backend.sample_ops().distinct_rows(block, limit, own);
    return static_cast<int64_t>(own.size()) >= limit;
  });
  std::vector<float> values;
  for (const auto& row : own) values.insert(values.end(), row.begin(), row.end());
  const std::vector<float> all = env.comm.gather_all<float>(values);
  std::set<std::vector<float>> distinct;
  for (size_t i = 0; i < all.size() && static_cast<int64_t>(distinct.size()) < limit; i += static_cast<size_t>(rows.d))
    distinct.emplace(all.begin() + static_cast<int64_t>(i), all.begin() + static_cast<int64_t>(i) + rows.d);
  return static_cast<int64_t>(distinct.size());
}

void sum_over_ranks(std::span<Int128> values, Comm& comm) {
  if (comm.size() == 1) return;
  constexpr Int128 kLow = (Int128{1} << 32) - 1;
  std::vector<int64_t> limbs;
  for (const Int128 value : values)
    for (int shift = 0; shift < 128; shift += 32)
      limbs.push_back(static_cast<int64_t>(shift < 96 ? (value >> shift) & kLow : value >> shift));
  comm.sum(limbs);
  for (size_t i = 0; i < values.size(); ++i) {
    Int128 total = 0;
    for (int limb = 3; limb >= 0; --limb) total = total * (Int128{1} << 32) + limbs[i * 4 + static_cast<size_t>(limb)];
    values[i] = total;
  }
}

}  // namespace clientele
