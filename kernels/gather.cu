#include "clientele/base/canonical.h"
#include "clientele/base/errors.h"
#include "gather.h"
#include "launch.h"

namespace clientele::gpu {

namespace {

constexpr unsigned long long kNone = ~0ull;

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
  if (static_cast<int64_t>(distinct.size()) >= limit) return;
  const Device& device = rows.device();
  Buffer<float> known(device, limit * rows.d(), "distinct rows");
  for (size_t i = 0; i < distinct.size(); ++i) known.upload(distinct[i], static_cast<int64_t>(i) * rows.d());
  Buffer<unsigned long long> lowest(device, 1, "lowest distinct row");
  int64_t cursor = 0;  // every row before it is known
  for (int64_t end = std::min(rows.rows(), kBlockRows); cursor < rows.rows();) {
    if (static_cast<int64_t>(distinct.size()) >= limit) return;
    lowest.fill_bytes(0xFF);
    launch(device, "finding distinct rows", {device.grid(end - cursor, kRowThreads), 1, kRowThreads}, find_unknown_row,
           rows.view(), cursor, end, known.data(), static_cast<int64_t>(distinct.size()), lowest.data());
    const unsigned long long found = lowest.to_host().front();
    if (found == kNone) {
      cursor = end;
      end = std::min(rows.rows(), end + device.batch_rows());
      continue;
    }
    const int64_t row = static_cast<int64_t>(found);
    std::vector<float>& values = distinct.emplace_back(static_cast<size_t>(rows.d()));
    fetch_rows(rows, std::span(&row, 1), values);
    known.upload(values, (static_cast<int64_t>(distinct.size()) - 1) * rows.d());
    cursor = row + 1;
  }
}

}  // namespace clientele::gpu
