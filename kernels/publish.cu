#include "clientele/base/errors.h"
#include "lane_sums.h"
#include "nearest.h"
#include "publish.h"

namespace clientele::gpu {

namespace {

/// Results of one batch of whole global blocks. Device memory; element i is local row begin + i.
struct BatchView {
  int64_t begin;
  int64_t end;
  int32_t* second;
  float* distance;
  float* margin;
  double* root;         ///< m * sqrt(D1)
  double* wide_margin;  ///< m * margin before rounding
};

/// next and second = the two nearest, in either order; kUncertain where the screen cannot tell them from the third.
__global__ void __launch_bounds__(kRowThreads)
    screen_pairs(RowsView rows, CentroidsOnDevice centroids, BatchView batch) {
  for (int64_t r = batch.begin + first_item(); r < batch.end; r += item_stride()) {
    const float* x = rows.row(r);
    const float length = row_length(x, centroids);
    int32_t label = kUncertain;
    if (length <= kScreenReach) {
      const Shortlist found = screen_row(x, length, centroids);
      const bool first_ahead =
          found.third_bound - found.first_bound > screen_gap(centroids.bounds[found.first], length);
      const bool second_ahead =
          found.third_bound - found.second_bound > screen_gap(centroids.bounds[found.second], length);
      if (first_ahead && second_ahead) {
        label = found.first;
        batch.second[r - batch.begin] = found.second;
      }
    }
    rows.next[r] = label;
  }
}

__global__ void __launch_bounds__(kRowThreads)
    recheck_pairs(RowsView rows, CentroidsOnDevice centroids, BatchView batch) {
  scan_uncertain(rows, batch.begin, batch.end, centroids, [&](int64_t row, const NearTwo& nearest) {
    rows.next[row] = nearest.first.c;
    batch.second[row - batch.begin] = nearest.second.c;
  });
}

/// Orders each pair by canonical distance and derives what is published. k = 1: there is no second.
__global__ void __launch_bounds__(kRowThreads)
    resolve_pairs(RowsView rows, CentroidsOnDevice centroids, BatchView batch) {
  for (int64_t r = batch.begin + first_item(); r < batch.end; r += item_stride()) {
    const float* x = rows.row(r);
    const int64_t i = r - batch.begin;
    const auto to = [&](int c) {
      return Near{canonical_d2(x, kTileRows, centroids.values + int64_t{c} * centroids.d, 1, centroids.d), c};
    };
    Near first = to(centroids.k == 1 ? 0 : rows.next[r]);
    double margin = 1;
    int32_t second = -1;
    if (centroids.k > 1) {
      Near other = to(batch.second[i]);
      if (other.before(first)) {
        const Near nearer = other;
        other = first;
        first = nearer;
      }
      second = other.c;
      margin = margin_of(first.d2, other.d2);
    }
    rows.label[r] = first.c;
    batch.second[i] = second;
    batch.distance[i] = published_distance(first.d2);
    batch.margin[i] = static_cast<float>(margin);
    const double m = static_cast<double>(rows.m(r));
    batch.root[i] = m * sqrt(first.d2);
    batch.wide_margin[i] = m * margin;
  }
}

/// Scratch of one batch.
struct Batch {
  Batch(const Device& device, int64_t rows)
      : second(device, rows, "runner-up segments"),
        distance(device, rows, "distances to segments"),
        margin(device, rows, "margins"),
        root(device, rows, "distances in double"),
        wide_margin(device, rows, "margins in double") {}
  BatchView view(int64_t begin, int64_t end) const {
    return {begin, end, second.data(), distance.data(), margin.data(), root.data(), wide_margin.data()};
  }
  Buffer<int32_t> second;
  Buffer<float> distance, margin;
  Buffer<double> root, wide_margin;
};

template <class T>
void copy_wanted(const Buffer<T>& from, std::span<T> to, int64_t begin, int64_t count) {
  if (!to.empty()) from.download(to.subspan(static_cast<size_t>(begin), static_cast<size_t>(count)));
}

}  // namespace

void publish_rows(CudaRows& rows, const CentroidsView& centroids, const PublishedRows& out, PublishSums& sums) {
  require_block_start(rows);
  if (rows.d() != centroids.d)
    throw Error(ErrorKind::internal, {.what = "rows and centroids have different numbers of features",
                                      .expected = std::to_string(centroids.d),
                                      .found = std::to_string(rows.d())});
  const Device& device = rows.device();
  rows.set_has_bounds(false);
  const ScreenedCentroids screened(device, centroids);
  const int64_t step = std::min(rows.rows(), device.batch_rows());
  const Batch batch(device, step);
  for (int64_t begin = 0; begin < rows.rows(); begin += step) {
    const int64_t count = std::min(step, rows.rows() - begin);
    const BatchView view = batch.view(begin, begin + count);
    const Grid grid{device.grid(count, kRowThreads), 1, kRowThreads};
    if (centroids.k > 1) {
      launch(device, "screening rows to publish", grid, screen_pairs, rows.view(), screened.view(), view);
      launch(device, "rechecking rows to publish", grid, recheck_pairs, rows.view(), screened.view(), view);
    }
    launch(device, "measuring rows to publish", grid, resolve_pairs, rows.view(), screened.view(), view);
    for (const auto& block : segment_block_sums(device, batch.wide_margin.data(), nullptr, count, 1))
      sums.margin_blocks.push_back(block.front());
    for (auto& block : segment_block_sums(device, batch.root.data(), rows.view().label + begin, count, centroids.k))
      sums.distance_blocks.push_back(std::move(block));
    if (!out.label.empty())
      rows.copy_labels(begin, out.label.subspan(static_cast<size_t>(begin), static_cast<size_t>(count)));
    copy_wanted(batch.second, out.second, begin, count);
    copy_wanted(batch.distance, out.distance, begin, count);
    copy_wanted(batch.margin, out.margin, begin, count);
  }
}

}  // namespace clientele::gpu
