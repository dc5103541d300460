#include "expected_time.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <numeric>
#include <span>

#include "clientele/base/page_buffer.h"
#include "clientele/base/random.h"
#include "clientele/base/scratch_file.h"

namespace clientele {
namespace {

constexpr int64_t kReadRows = int64_t{1} << 16;
constexpr int64_t kMostBlocks = 8;
constexpr int64_t kPieceRows = 8192;
constexpr int64_t kLabelledValues = int64_t{1} << 22;  // rows x features
constexpr int64_t kPassesToJudge = 4;                  // publishing and the indices, in iterations' worth

template <class Task>
double seconds_of(const Task& task) {
  const auto begin = std::chrono::steady_clock::now();
  task();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Seconds of one pass over the whole input.
double input_pass(const Workload& work, Source& source, ThreadPool& pool) {
  std::vector<int> columns(static_cast<size_t>(work.columns));
  std::iota(columns.begin(), columns.end(), 0);
  const int64_t blocks = std::min(kMostBlocks, (source.rows() + kReadRows - 1) / kReadRows);
  const int64_t rows = std::min(source.rows(), blocks * kReadRows);
  const double seconds = seconds_of([&] {
    pool.parallel_for(blocks, [&](int64_t block, int) {
      std::vector<double> values(static_cast<size_t>(kPieceRows * work.columns));
      const int64_t end = std::min(rows, (block + 1) * kReadRows);
      for (int64_t first = block * kReadRows; first < end; first += kPieceRows) {
        const int64_t count = std::min(kPieceRows, end - first);
        source.read(first, columns, {values.data(), count, work.columns, count});
      }
    });
  });
  return seconds / static_cast<double>(rows) * static_cast<double>(source.rows());
}

std::unique_ptr<RowBlock> random_rows(Backend& backend, int64_t rows, int d) {
  std::vector<double> values(static_cast<size_t>(rows * d));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = random_unit({.purpose = Purpose::generate}, static_cast<int64_t>(i));
  std::vector<FeatureTransform> identity(static_cast<size_t>(d));
  for (int j = 0; j < d; ++j) identity[static_cast<size_t>(j)].source = j;
  std::unique_ptr<RowBlock> block = backend.make_rows(0, rows, d, false, "rows to measure with");
  backend.column_ops().transform({values.data(), rows, d, rows}, identity, {}, *block, 0);
  return block;
}

/// Seconds of one assignment of all rows to the largest k.
double iteration(const Workload& work, Backend& backend) {
  const int d = std::max(1, work.size.d);
  const int64_t k = work.size.k;
  const int64_t rows = std::min(std::max(k, kLabelledValues / d), std::max(k, work.size.rows));
  const std::unique_ptr<RowBlock> block = random_rows(backend, rows, d);
  std::vector<int64_t> chosen(static_cast<size_t>(k));
  for (int64_t c = 0; c < k; ++c) chosen[static_cast<size_t>(c)] = c * (rows / k);
  std::vector<float> centroids(static_cast<size_t>(k * d));
  backend.sample_ops().fetch(*block, chosen, {centroids.data(), k, d});
  const std::vector<double> scales(static_cast<size_t>(d), 0x1p40);
  const auto label = [&] {
    const auto pass = backend.assign_ops().start({centroids.data(), static_cast<int>(k), d}, scales);
    pass->add(*block);
    pass->finish();
  };
  label();  // the first pass moves every row
  const double seconds = seconds_of(label);
  return seconds / static_cast<double>(rows) * static_cast<double>(work.size.rows);
}

/// Pinned while it lives, as far as the backend does that.
class PinnedPage {
 public:
  PinnedPage(Backend& backend, const PageBuffer& page)
      : backend_(backend),
        memory_(page.as<std::byte>()),
        pinned_(backend.pin(memory_, static_cast<int64_t>(page.bytes()))) {}
  ~PinnedPage() {
    if (pinned_) backend_.unpin(memory_);
  }
  PinnedPage(const PinnedPage&) = delete;
  PinnedPage& operator=(const PinnedPage&) = delete;

 private:
  Backend& backend_;
  std::byte* memory_;
  bool pinned_;
};

double in_all(const Workload& work, double pass, double iteration, int64_t iterations) {
  const double fit = static_cast<double>(iterations) + work.start_passes;
  return static_cast<double>(work.input_passes) * pass +
         (static_cast<double>(work.fits) * fit + static_cast<double>(work.judged * kPassesToJudge)) * iteration;
}

/// Three digits are more than such a figure is good for.
double rounded(double seconds) {
  return seconds < 10 ? std::round(seconds * 1000) / 1000 : std::round(seconds);
}

}  // namespace

double scratch_pass_seconds(const std::filesystem::path& folder, int64_t bytes) {
  constexpr int64_t kPiece = int64_t{8} << 20;
  constexpr int64_t kMost = 8;
  const int64_t pieces = std::clamp<int64_t>(bytes / kPiece, 1, kMost);
  const ScratchFile file(folder, pieces * kPiece);
  const PageBuffer buffer(static_cast<size_t>(kPiece), "a piece of the scratch file");
  std::memset(buffer.as<std::byte>(), 1, buffer.bytes());
  const auto each = [&](const auto& move) {
    for (int64_t i = 0; i < pieces; ++i) move(i * kPiece, std::span(buffer.as<std::byte>(), buffer.bytes()));
  };
  each([&](int64_t offset, std::span<std::byte> piece) { file.write(offset, piece); });
  const double seconds =
      seconds_of([&] { each([&](int64_t offset, std::span<std::byte> piece) { file.read(offset, piece); }); });
  return seconds / static_cast<double>(pieces * kPiece) * static_cast<double>(bytes);
}

double copy_pass_seconds(Backend& backend, int64_t page_rows, int d, int64_t bytes) {
  constexpr int kCopies = 4;
  const auto page_bytes = static_cast<size_t>(backend.page_layout(d).bytes(page_rows));
  const PageBuffer page(page_bytes, "a page to copy");
  const PinnedPage pinned(backend, page);
  const std::unique_ptr<RowBlock> block = backend.make_paged_rows(0, page_rows, d, false, "rows to measure with");
  std::vector<float> row(static_cast<size_t>(d));
  const int64_t first = 0;
  const auto lend = [&] {
    backend.lend_page(*block, page.as<std::byte>());
    backend.sample_ops().fetch(*block, {&first, 1}, {row.data(), 1, d});  // waits for the copy
    backend.lend_page(*block, nullptr);
  };
  lend();
  const double seconds = seconds_of([&] {
    for (int i = 0; i < kCopies; ++i) lend();
  });
  return seconds / kCopies / static_cast<double>(page_bytes) * static_cast<double>(bytes);
}

Json expected_time(const Workload& work, Source* source, Backend& backend, ThreadPool& pool) {
  if (work.size.rows <= 0 || work.size.d <= 0) return "depends on the number of clients in the log";
  const double pass = source == nullptr ? 0 : input_pass(work, *source, pool);
  const double copies =
      work.copied_bytes > 0 ? copy_pass_seconds(backend, work.page_rows, work.size.d, work.copied_bytes) : 0;
  const double moved = std::max(work.scratch_seconds, copies) / static_cast<double>(work.side_by_side);
  const double once = std::max(iteration(work, backend), moved);
  const int64_t iterations = std::min(work.max_iterations, work.iterations);
  Json time = {{"input_pass_seconds", rounded(pass)},
               {"iteration_seconds", rounded(once)},
               {"expected_seconds", rounded(in_all(work, pass, once, iterations))},
               {"all_iterations_seconds", rounded(in_all(work, pass, once, work.max_iterations))},
               {"basis", "measured now on part of the rows; expected with " + std::to_string(iterations) +
                             " iterations a fit, all iterations are cluster.max_iterations"}};
  if (work.scratch_seconds > 0) time["scratch_pass_seconds"] = rounded(work.scratch_seconds);
  if (work.copied_bytes > 0) time["copy_pass_seconds"] = rounded(copies);
  return time;
}

}  // namespace clientele
