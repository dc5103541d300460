#include <algorithm>

#include "clientele/base/canonical.h"
#include "gather.h"
#include "launch.h"
#include "seeding.h"
#include "sorting.h"

namespace clientele::gpu {

namespace {

constexpr uint64_t kNoKey = ~uint64_t{0};  // above every 52-bit key

/// keys[i] and which[i] of local row begin + i; rows of weight 0 and rows whose key exceeds `limit` get kNoKey.
__global__ void __launch_bounds__(kRowThreads)
    key_rows(RowsView rows, int64_t begin, int64_t count, RandomKey key, uint64_t limit, uint64_t* keys, int64_t* which,
             uint8_t* flags) {
  for (int64_t i = first_item(); i < count; i += item_stride()) {
    const int64_t row = rows.first_row + begin + i;
    const uint64_t bits = rows.m(begin + i) == 0 ? kNoKey : random_bits(key, row);
    keys[i] = bits;
    which[i] = row;
    flags[i] = bits <= limit && bits != kNoKey ? 1 : 0;
  }
}

}  // namespace

void merge_smallest_keys(const CudaRows& rows, const RandomKey& key, int64_t count,
                         std::vector<std::pair<uint64_t, int64_t>>& smallest) {
  const Device& device = rows.device();
  const int64_t step = std::min(rows.rows(), device.batch_rows());
  for (int64_t begin = 0; begin < rows.rows() && count > 0; begin += step) {
    const int64_t some = std::min(step, rows.rows() - begin);
    const bool full = static_cast<int64_t>(smallest.size()) >= count;
    const KeyedRows all = make_keyed_rows(device, some, "random keys of rows");
    const Buffer<uint8_t> flags(device, some, "marks of sampled rows");
    launch(device, "drawing random keys", {device.grid(some, kRowThreads), 1, kRowThreads}, key_rows, rows.slots(),
           begin, some, key, full ? smallest.back().first : kNoKey, all.keys.data(), all.rows.data(), flags.data());
    const KeyedRows sorted = sorted_by_key(device, selected(device, all, flags), Order::ascending);
    const size_t kept = static_cast<size_t>(std::min(count, sorted.count));
    std::vector<uint64_t> keys(kept);
    std::vector<int64_t> which(kept);
    sorted.keys.download(keys);
    sorted.rows.download(which);
    const size_t before = smallest.size();
    for (size_t i = 0; i < kept; ++i) smallest.emplace_back(keys[i], which[i]);
    std::inplace_merge(smallest.begin(), smallest.begin() + static_cast<std::ptrdiff_t>(before), smallest.end());
    if (static_cast<int64_t>(smallest.size()) > count) smallest.resize(static_cast<size_t>(count));
  }
}

void append_sample(const CudaRows& rows, const RandomKey& key, uint64_t limit, SampledRows& sample) {
  // Keys are uniform: somewhat more than the expected number of the smallest ones reaches the limit at once.
  const double share = static_cast<double>(limit) * 0x1p-52;
  int64_t count = static_cast<int64_t>(share * static_cast<double>(rows.rows()) * 1.05) + 1000;
  std::vector<std::pair<uint64_t, int64_t>> keyed;
  for (;; count *= 2) {
    keyed.clear();
    merge_smallest_keys(rows, key, count, keyed);
    if (static_cast<int64_t>(keyed.size()) < count || keyed.back().first >= limit) break;
  }
  std::erase_if(keyed, [&](const auto& entry) { return entry.first >= limit; });
  std::sort(keyed.begin(), keyed.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  std::vector<int64_t> local, weights(static_cast<size_t>(rows.weighted() ? rows.rows() : 0));
  rows.copy_weights(0, weights);
  for (const auto& [bits, row] : keyed) {
    local.push_back(row - rows.first_row());
    sample.row.push_back(row);
    sample.bits.push_back(bits);
    sample.weight.push_back(rows.weighted() ? weights[static_cast<size_t>(local.back())] : 1);
  }
  const size_t before = sample.values.size();
  sample.values.resize(before + local.size() * static_cast<size_t>(rows.d()));
  fetch_rows(rows, local, std::span(sample.values).subspan(before));
}

}  // namespace clientele::gpu
