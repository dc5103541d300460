#include <numeric>
#include <string_view>
#include <unordered_set>

#include "clientele/base/canonical.h"
#include "clientele/base/errors.h"
#include "gather.h"
#include "launch.h"

namespace clientele::gpu {

namespace {

constexpr unsigned long long kNone = ~0ull;
constexpr int64_t kHashedPerLimit = 4;  // rows hashed at once for each distinct row that is wanted

__global__ void gather_rows(RowsView rows, const int64_t* which, int64_t count, float* out) {
  for (int64_t i = first_item(); i < count * rows.d; i += item_stride())
    out[i] = rows.row(which[i / rows.d])[i % rows.d * kTileRows];
}

/// The lowest row of [begin, end) with weight that equals none of the known vectors (known x d, row-major).
__global__ void __launch_bounds__(kRowThreads)
    find_unknown_row(RowsView rows, int64_t begin, int64_t end, const float* known, int64_t known_count,
                     unsigned long long* lowest) {
  for (int64_t r = begin + first_item(); r < end; r += item_stride()) {
    if (rows.m(r) == 0) continue;
    const float* x = rows.row(r);
    bool found = false;
    for (int64_t i = 0; i < known_count && !found; ++i) {
      bool equal = true;
      for (int j = 0; j < rows.d && equal; ++j)
        equal = __float_as_uint(x[j * kTileRows]) == __float_as_uint(known[i * rows.d + j]);
      found = equal;
    }
    if (!found) {
      atomicMin(lowest, static_cast<unsigned long long>(r));
      return;  // this thread's later rows are higher
    }
  }
}

/// Bytes of a row. -0 never occurs, so equal bytes are equal rows.
std::string_view bytes_of(const float* values, int d) {
  return {reinterpret_cast<const char*>(values), static_cast<size_t>(d) * sizeof(float)};
}

/// The distinct rows found so far, in the caller's list, in a hash table and on the device.
class DistinctRows {
 public:
  DistinctRows(const CudaRows& rows, int64_t limit, std::vector<std::vector<float>>& distinct)
      : rows_(rows), limit_(limit), distinct_(distinct), lowest_(rows.device(), 1, "lowest distinct row") {
    const int64_t row_bytes = std::max<int64_t>(rows.d() * static_cast<int64_t>(sizeof(float)), 1);
    piece_ = std::clamp<int64_t>(kCopyBytes / row_bytes, 1, std::max<int64_t>(kHashedPerLimit * limit, 1));
    for (const std::vector<float>& values : distinct) seen_.insert(bytes_of(values.data(), rows.d()));
  }

  bool full() const { return static_cast<int64_t>(distinct_.size()) >= limit_; }

  /// Hashes a piece of rows from local row `begin` on; returns its end.
  int64_t take(int64_t begin) {
    const int64_t count = std::min(piece_, rows_.rows() - begin);
    const int d = rows_.d();
    std::vector<int64_t> which(static_cast<size_t>(count)), weights(which.size());
    std::iota(which.begin(), which.end(), begin);
    rows_.copy_weights(begin, weights);
    std::vector<float> values(which.size() * static_cast<size_t>(d));
    fetch_rows(rows_, which, values);
    for (size_t i = 0; i < which.size() && !full(); ++i) {
      const float* x = values.data() + i * static_cast<size_t>(d);
      if (weights[i] == 0 || seen_.contains(bytes_of(x, d))) continue;
      // A row's own memory stays where it is when the list of rows grows.
      const std::vector<float>& kept = distinct_.emplace_back(x, x + d);
      seen_.insert(bytes_of(kept.data(), d));
    }
    return begin + count;
  }

  /// The first local row from `begin` on that is not known; the number of rows if there is none.
  int64_t skip_known(int64_t begin) {
    const Device& device = rows_.device();
    bring_known();
    for (int64_t step = kBlockRows; begin < rows_.rows(); step = device.batch_rows()) {
      const int64_t end = std::min(rows_.rows(), begin + step);
      lowest_.fill_bytes(0xFF);
      launch(device, "finding distinct rows", {device.grid(end - begin, kRowThreads), 1, kRowThreads}, find_unknown_row,
             rows_.view(), begin, end, known_.data(), static_cast<int64_t>(distinct_.size()), lowest_.data());
      const unsigned long long found = lowest_.to_host().front();
      if (found != kNone) return static_cast<int64_t>(found);
      begin = end;
    }
    return begin;
  }

 private:
  /// Copies the rows found since the last time to the device.
  void bring_known() {
    const int d = rows_.d();
    if (known_.data() == nullptr) known_ = Buffer<float>(rows_.device(), limit_ * d, "distinct rows");
    std::vector<float> fresh;
    for (size_t i = on_device_; i < distinct_.size(); ++i)
      fresh.insert(fresh.end(), distinct_[i].begin(), distinct_[i].end());
    known_.upload(fresh, static_cast<int64_t>(on_device_) * d);
    on_device_ = distinct_.size();
  }

  const CudaRows& rows_;
  int64_t limit_;
  std::vector<std::vector<float>>& distinct_;
  std::unordered_set<std::string_view> seen_;
  int64_t piece_;
  Buffer<float> known_;
  Buffer<unsigned long long> lowest_;
  size_t on_device_ = 0;
};

}  // namespace

void fetch_rows(const CudaRows& rows, std::span<const int64_t> which, std::span<float> out) {
  if (out.size() != which.size() * static_cast<size_t>(rows.d()))
    throw Error(ErrorKind::internal, {.what = "rows to fetch do not fit their place",
                                      .expected = std::to_string(which.size() * static_cast<size_t>(rows.d())),
                                      .found = std::to_string(out.size())});
  const Device& device = rows.device();
  const int64_t row_bytes = rows.d() * static_cast<int64_t>(sizeof(float));
  const size_t step = static_cast<size_t>(std::max<int64_t>(1, kCopyBytes / std::max<int64_t>(row_bytes, 1)));
  for (size_t at = 0; at < which.size() && row_bytes > 0; at += step) {
    const std::span<const int64_t> some = which.subspan(at, std::min(step, which.size() - at));
    const auto on_device = uploaded<int64_t>(device, some, "indices of rows to fetch");
    const int64_t cells = static_cast<int64_t>(some.size()) * rows.d();
    const Buffer<float> found(device, cells, "rows to fetch");
    launch(device, "fetching rows", {device.grid(cells, kRowThreads)}, gather_rows, rows.view(), on_device.data(),
           static_cast<int64_t>(some.size()), found.data());
    found.download(out.subspan(at * static_cast<size_t>(rows.d()), static_cast<size_t>(cells)));
  }
}

void add_distinct_rows(const CudaRows& rows, int64_t limit, std::vector<std::vector<float>>& distinct) {
  DistinctRows found(rows, limit, distinct);
  // Host and device take turns: the host hashes the next rows, among which most new ones stand when there are many; the
  // device looks over the known ones up to the next new one.
  for (int64_t cursor = 0; cursor < rows.rows() && !found.full();) {
    cursor = found.take(cursor);
    if (cursor < rows.rows() && !found.full()) cursor = found.skip_known(cursor);
  }
}

}  // namespace clientele::gpu
