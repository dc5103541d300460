#include "clientele/base/errors.h"
#include "clientele/compute/formulas.h"
#include "digits.h"
#include "launch.h"

namespace clientele::gpu {

namespace {

constexpr int64_t kDigits = 65536;

/// What one launch counts: some columns, all their targets. counts and prefix start at the first of these columns.
struct DigitTask {
  unsigned long long* counts;
  const uint64_t* prefix;
  int level;
  int targets;
};

__device__ void count_value(const DigitTask& task, int64_t column, double x) {
  if (!isfinite(x)) return;
  const uint64_t key = ordered_key(x);
  const uint64_t above = key_prefix(key, task.level);
  for (int t = 0; t < task.targets; ++t) {
    const int64_t which = column * task.targets + t;
    if (task.prefix[which] == above) atomicAdd(task.counts + which * kDigits + key_digit(key, task.level), 1ull);
  }
}

/// values: columns x m, column-major. grid.y: column.
__global__ void count_columns(DigitTask task, const double* values, int64_t m) {
  for (int64_t i = first_item(); i < m; i += item_stride()) count_value(task, blockIdx.y, values[blockIdx.y * m + i]);
}

/// grid.y: feature, counted from `feature`.
__global__ void count_features(DigitTask task, RowsView rows, int feature) {
  const int64_t j = feature + int64_t{blockIdx.y};
  for (int64_t r = first_item(); r < rows.rows; r += item_stride())
    count_value(task, blockIdx.y, static_cast<double>(rows.row(r)[j * kTileRows]));
}

/// Counts `columns` columns in groups whose tables fit one copy; count_group(task, first column, columns) launches one
/// group.
template <class CountGroup>
void count_in_groups(const Device& device, int64_t columns, int level, int targets, std::span<const uint64_t> prefix,
                     std::span<int64_t> counts, const CountGroup& count_group) {
  if (static_cast<int64_t>(prefix.size()) != columns * targets ||
      static_cast<int64_t>(counts.size()) != columns * targets * kDigits)
    throw Error(ErrorKind::internal, {.what = "digit counts do not fit the columns",
                                      .expected = std::to_string(columns * targets) + " prefixes",
                                      .found = std::to_string(prefix.size())});
  if (columns == 0 || targets == 0) return;
  const int64_t table_bytes = int64_t{targets} * kDigits * static_cast<int64_t>(sizeof(int64_t));
  const int64_t group = std::clamp<int64_t>(kCopyBytes / table_bytes, 1, columns);
  Buffer<unsigned long long> found(device, group * targets * kDigits, "digit counts of quantiles");
  const Buffer<uint64_t> prefixes = uploaded<uint64_t>(device, prefix, "prefixes of quantiles");
  std::vector<unsigned long long> host(static_cast<size_t>(found.size()));
  for (int64_t first = 0; first < columns; first += group) {
    const int64_t some = std::min(group, columns - first);
    found.fill_bytes(0);
    count_group(DigitTask{found.data(), prefixes.data() + first * targets, level, targets}, first, some);
    const size_t cells = static_cast<size_t>(some * targets * kDigits);
    found.download(std::span(host).first(cells));
    const std::span<int64_t> to = counts.subspan(static_cast<size_t>(first * targets * kDigits), cells);
    for (size_t i = 0; i < cells; ++i) to[i] += static_cast<int64_t>(host[i]);
  }
}

}  // namespace

void count_column_digits(const Device& device, ColumnsView<const double> values, int level, int targets,
                         std::span<const uint64_t> prefix, std::span<int64_t> counts) {
  Buffer<double> piece;
  const auto count_group = [&](const DigitTask& task, int64_t first, int64_t columns) {
    if (values.rows == 0) return;
    if (piece.data() == nullptr) piece = Buffer<double>(device, values.rows * columns, "piece of source columns");
    for (int64_t c = 0; c < columns; ++c) piece.upload(values.column(first + c), c * values.rows);
    launch(device, "counting digits of columns", {device.grid(values.rows, kRowThreads), columns}, count_columns, task,
           piece.data(), values.rows);
  };
  count_in_groups(device, values.columns, level, targets, prefix, counts, count_group);
}

void count_feature_digits(const CudaRows& rows, int level, int targets, std::span<const uint64_t> prefix,
                          std::span<int64_t> counts) {
  const Device& device = rows.device();
  const auto count_group = [&](const DigitTask& task, int64_t first, int64_t features) {
    if (rows.rows() == 0) return;
    launch(device, "counting digits of features", {device.grid(rows.rows(), kRowThreads), features}, count_features,
           task, rows.view(), static_cast<int>(first));
  };
  count_in_groups(device, rows.d(), level, targets, prefix, counts, count_group);
}

}  // namespace clientele::gpu
