#include <bit>
#include <cstring>

#include "clientele/compute/formulas.h"
#include "far_rows.h"
#include "gather.h"
#include "launch.h"
#include "seeding.h"
#include "sorting.h"

namespace clientele::gpu {

namespace {

/// keys[i] = bits of D of local row begin + i to the centroid of its label (bits of doubles >= 0 order like the
/// doubles), or of min_d2 where centroids is null; 0: no candidate.
__global__ void __launch_bounds__(kRowThreads)
    measure_rows(RowsView rows, int64_t begin, int64_t count, const float* centroids, uint64_t* keys, int64_t* which) {
  for (int64_t i = first_item(); i < count; i += item_stride()) {
    const int64_t r = begin + i;
    const int label = rows.label[r];
    double d2 = 0;
    if (centroids == nullptr) {
      if (rows.m(r) != 0) d2 = rows.min_d2[r];
    } else if (label >= 0 && rows.m(r) != 0) {
      d2 = canonical_d2(rows.row(r), kTileRows, centroids + int64_t{label} * rows.d, 1, rows.d);
    }
    keys[i] = static_cast<uint64_t>(__double_as_longlong(d2));
    which[i] = r;
  }
}

/// flags[i] = 1 for a candidate whose features differ from those of the candidate before it. Equal rows lie at equal
/// distance: sorting has brought most of them together; the host drops the rest.
__global__ void __launch_bounds__(kRowThreads)
    mark_new_rows(RowsView rows, const uint64_t* keys, const int64_t* which, int64_t count, uint8_t* flags) {
  for (int64_t i = first_item(); i < count; i += item_stride()) {
    bool is_new = keys[i] != 0;
    if (is_new && i > 0 && keys[i - 1] == keys[i]) {
      const float* x = rows.row(which[i]);
      const float* before = rows.row(which[i - 1]);
      bool equal = true;
      for (int j = 0; j < rows.d && equal; ++j) equal = x[j * kTileRows] == before[j * kTileRows];
      is_new = !equal;
    }
    flags[i] = is_new ? 1 : 0;
  }
}

bool precedes(const FarRow& a, const FarRow& b) {
  return a.d2 > b.d2 || (a.d2 == b.d2 && a.row < b.row);
}

/// Puts a candidate in its place unless an equal row stands before it. Returns whether later, nearer candidates may
/// still enter.
bool offer(FarRow candidate, int count, std::vector<FarRow>& best) {
  const bool full = static_cast<int>(best.size()) >= count;
  if (full && !precedes(candidate, best.back())) return false;
  for (FarRow& known : best) {
    if (known.values != candidate.values) continue;
    if (precedes(candidate, known))
      known.row = candidate.row;  // equal rows lie at equal distance: only the row can be lower
    std::sort(best.begin(), best.end(), precedes);
    return true;
  }
  best.insert(std::upper_bound(best.begin(), best.end(), candidate, precedes), std::move(candidate));
  if (static_cast<int>(best.size()) > count) best.pop_back();
  return true;
}

/// Offers the sorted candidates from the farthest on, in growing pieces, until none can enter any more.
void offer_candidates(const CudaRows& rows, const KeyedRows& candidates, int count, std::vector<FarRow>& best) {
  int64_t piece = 2 * int64_t{count} + 16;
  for (int64_t at = 0; at < candidates.count; at += piece, piece = std::min(2 * piece, kBlockRows)) {
    piece = std::min(piece, candidates.count - at);
    std::vector<uint64_t> keys(static_cast<size_t>(piece));
    std::vector<int64_t> which(static_cast<size_t>(piece));
    candidates.keys.download(keys, at);
    candidates.rows.download(which, at);
    std::vector<float> values(static_cast<size_t>(piece * rows.d()));
    fetch_rows(rows, which, values);
    for (int64_t i = 0; i < piece; ++i) {
      FarRow candidate{std::bit_cast<double>(keys[static_cast<size_t>(i)]),
                       rows.first_row() + which[static_cast<size_t>(i)],
                       {values.begin() + i * rows.d(), values.begin() + (i + 1) * rows.d()}};
      if (!offer(std::move(candidate), count, best)) return;
    }
  }
}

/// centroids: on the device; null: by min_d2.
void rank_rows(const CudaRows& rows, const float* centroids, int count, std::vector<FarRow>& best) {
  const Device& device = rows.device();
  const int64_t step = std::min(rows.rows(), device.batch_rows());
  for (int64_t begin = 0; begin < rows.rows() && count > 0; begin += step) {
    const int64_t some = std::min(step, rows.rows() - begin);
    const Grid grid{device.grid(some, kRowThreads), 1, kRowThreads};
    const KeyedRows all = make_keyed_rows(device, some, "distances to own segment");
    launch(device, "measuring rows", grid, measure_rows, rows.view(), begin, some, centroids, all.keys.data(),
           all.rows.data());
    const KeyedRows sorted = sorted_by_key(device, all, Order::descending);
    const Buffer<uint8_t> flags(device, some, "marks of candidates");
    launch(device, "marking candidates", grid, mark_new_rows, rows.view(), sorted.keys.data(), sorted.rows.data(), some,
           flags.data());
    offer_candidates(rows, selected(device, sorted, flags), count, best);
  }
}

}  // namespace

void find_far_rows(const CudaRows& rows, const CentroidsView& centroids, int count, std::vector<FarRow>& best) {
  const auto on_device = uploaded<float>(
      rows.device(), {centroids.data, static_cast<size_t>(int64_t{centroids.k} * centroids.d)}, "centroids");
  rank_rows(rows, on_device.data(), count, best);
}

void find_far_from_seeds(const CudaRows& rows, int count, std::vector<FarRow>& best) {
  require_seeding(rows);
  rank_rows(rows, nullptr, count, best);
}

}  // namespace clientele::gpu
