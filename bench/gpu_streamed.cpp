#include "bench/gpu_streamed.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <vector>

#include "bench/support/bench_rows.h"
#include "clientele/base/page_buffer.h"

namespace clientele::bench {
namespace {

constexpr int kPasses = 5;

/// Blocks on pages of their own, and how RowPages passes over them.
struct Streamed {
  std::vector<std::unique_ptr<RowBlock>> blocks;
  std::vector<PageBuffer> pages;

  Streamed(Backend& backend, const RowBlock& resident, int64_t block_rows) {
    const int d = resident.d();
    for (int64_t first = 0; first < resident.rows(); first += block_rows) {
      const int64_t rows = std::min(block_rows, resident.rows() - first);
      blocks.push_back(backend.make_paged_rows(first, rows, d, false, "streamed rows"));
      pages.emplace_back(static_cast<size_t>(backend.page_layout(d).bytes(rows)), "a page");
      backend.lend_page(*blocks.back(), pages.back().as<std::byte>());
      copy(backend, resident, first, *blocks.back());
      backend.lend_page(*blocks.back(), nullptr);
    }
  }

  static void copy(Backend& backend, const RowBlock& from, int64_t first, RowBlock& to) {
    const int64_t n = to.rows();
    const int d = to.d();
    std::vector<int64_t> which(static_cast<size_t>(n));
    for (int64_t i = 0; i < n; ++i) which[static_cast<size_t>(i)] = first + i;
    std::vector<float> values(which.size() * static_cast<size_t>(d));
    backend.sample_ops().fetch(from, which, {values.data(), n, d});
    std::vector<double> columns(values.size());
    for (int64_t i = 0; i < n; ++i)
      for (int j = 0; j < d; ++j) columns[static_cast<size_t>(j * n + i)] = values[static_cast<size_t>(i * d + j)];
    std::vector<FeatureTransform> identity(static_cast<size_t>(d));
    for (int j = 0; j < d; ++j) identity[static_cast<size_t>(j)].source = j;
    backend.column_ops().transform({columns.data(), n, d, n}, identity, {}, to, 0);
  }

  PassResult pass(Backend& backend, const CentroidsView& centroids, std::span<const double> scales) {
    for (const auto& block : blocks) backend.assign_ops().clear_labels(*block);
    auto under_way = backend.assign_ops().start(centroids, scales);
    backend.lend_page(*blocks[0], pages[0].as<std::byte>());
    for (size_t i = 0; i < blocks.size(); ++i) {
      if (i + 1 < blocks.size()) backend.lend_page(*blocks[i + 1], pages[i + 1].as<std::byte>());
      under_way->add(*blocks[i]);
      backend.lend_page(*blocks[i], nullptr);
    }
    return under_way->finish();
  }
};

void refuse_different(const PassResult& a, const PassResult& b) {
  bool same = a.counts == b.counts && a.moved == b.moved && a.sums.size() == b.sums.size();
  for (size_t i = 0; same && i < a.sums.size(); ++i) same = a.sums[i].value() == b.sums[i].value();
  if (!same) throw std::runtime_error("streamed and resident rows give different sums");
}

/// The least of kPasses after a warm-up.
template <class Pass>
double least_ms(const Pass& pass, const PassResult* expected, PassResult& last) {
  double least = 1e300;
  for (int i = 0; i <= kPasses; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    last = pass();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    if (i > 0) least = std::min(least, took.count());
    if (expected != nullptr) refuse_different(last, *expected);
  }
  return least;
}

}  // namespace

int64_t streamed_bytes(const Backend& backend, const StreamedShape& shape) {
  const PageLayout layout = backend.page_layout(shape.d);
  return 2 * backend.rows_bytes(shape.n, shape.d, false) + backend.scratch_bytes(shape.n, shape.d, shape.k) +
         layout.buffers * layout.bytes(shape.block_rows);
}

void measure_streamed(Backend& backend, const StreamedShape& shape) {
  const GroupedValues values(shape.d, shape.k);
  const auto rows = make_block(backend, shape.n, shape.d, values);
  std::vector<double> scales;
  for (const float most : backend.column_ops().max_abs(*rows)) scales.push_back(fixed_scale(fixed_exponent(most)));
  const std::vector<float> start = values.start(shape.k, shape.n);
  const CentroidsView centroids{start.data(), shape.k, shape.d};
  PassResult expected, found;
  const double resident = least_ms(
      [&] {
        backend.assign_ops().clear_labels(*rows);
        auto under_way = backend.assign_ops().start(centroids, scales);
        under_way->add(*rows);
        return under_way->finish();
      },
      nullptr, expected);
  Streamed streamed(backend, *rows, shape.block_rows);
  const auto pass = [&] { return streamed.pass(backend, centroids, scales); };
  const double pageable = least_ms(pass, &expected, found);
  size_t pinned = 0;
  const auto pin = [&](const PageBuffer& page) {
    return backend.pin(page.as<std::byte>(), static_cast<int64_t>(page.bytes()));
  };
  while (pinned < streamed.pages.size() && pin(streamed.pages[pinned])) ++pinned;
  const double fixed = least_ms(pass, &expected, found);
  for (size_t i = 0; i < pinned; ++i) backend.unpin(streamed.pages[i].as<std::byte>());
  const double gb = static_cast<double>(shape.n) * shape.d * 4 / 1e6;  // per millisecond
  std::printf(
      "{\"n\": %lld, \"d\": %d, \"k\": %d, \"block_rows\": %lld, \"resident_ms\": %.4f, \"pageable_ms\": %.4f, ",
      static_cast<long long>(shape.n), shape.d, shape.k, static_cast<long long>(shape.block_rows), resident, pageable);
  std::printf("\"pageable_gb_per_s\": %.1f, \"pages_pinned\": %zu, \"pages\": %zu, \"pinned_ms\": %.4f, ",
              gb / pageable, pinned, streamed.pages.size(), fixed);
  std::printf("\"pinned_gb_per_s\": %.1f}", gb / fixed);
}

}  // namespace clientele::bench
