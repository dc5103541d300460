// Assignment passes of the CUDA backend on resident rows, each shape checked before it is timed. Prints one JSON
// object:
//   gpu_bench [--device 0] [--large]        --large adds shapes of 1e8 rows and more
// A full pass starts from cleared labels; a late pass follows 12 iterations. Times are wall-clock milliseconds from
// start() to the result on the host, medians of kRepeats after one warm-up. GB/s counts n * d * 4 bytes once, the least
// a pass must read.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "bench/support/bench_rows.h"
#include "clientele/base/errors.h"
#include "kernels/copy_bandwidth.h"

namespace clientele::bench {
namespace {

constexpr int kRepeats = 10;
constexpr int kSettle = 12;

struct Shape {
  int64_t n;
  int d, k;
  bool structureless;
  bool large = false;
};

// gpu.md's headline shapes and flashlib's grid, as far as they fit; structureless rows are the worst case of bounds.
const Shape kShapes[] = {
    {1'000'000, 16, 8, false},           {10'000'000, 16, 10, false},        {10'000'000, 32, 20, false},
    {10'000'000, 32, 20, true},          {10'000'000, 16, 16, false},        {10'000'000, 16, 64, false},
    {10'000'000, 64, 64, false},         {100'000'000, 16, 10, false, true}, {100'000'000, 32, 20, false, true},
    {1'000'000'000, 8, 10, false, true},
};

double milliseconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Lloyd's state: full sums, and the centroids they give.
struct Fit {
  Backend& backend;
  RowBlock& rows;
  std::vector<double> scales;
  std::vector<float> centroids;
  int k;
  PassResult total = {};

  CentroidsView view() const { return {centroids.data(), k, rows.d()}; }
  PassResult pass() {
    auto under_way = backend.assign_ops().start(view(), scales);
    under_way->add(rows);
    return under_way->finish();
  }
  PassResult step() {
    for (size_t i = 0; i < total.sums.size(); ++i) {
      const size_t d = static_cast<size_t>(rows.d());
      if (total.counts[i / d] > 0) centroids[i] = centroid_value(total.sums[i], scales[i % d], total.counts[i / d]);
    }
    PassResult delta = pass();
    for (size_t i = 0; i < total.sums.size(); ++i) total.sums[i].add(delta.sums[i]);
    for (size_t c = 0; c < total.counts.size(); ++c) total.counts[c] += delta.counts[c];
    return delta;
  }
};

void measure(Backend& backend, const Shape& shape, double copy_rate, bool first) {
  const GroupedValues values(shape.d, shape.structureless ? 1 : shape.k);
  auto rows = make_block(backend, shape.n, shape.d, values);
  std::vector<double> scales;
  for (const float most : backend.column_ops().max_abs(*rows)) scales.push_back(fixed_scale(fixed_exponent(most)));
  Fit fit{backend, *rows, scales, values.start(shape.k, shape.n), shape.k};
  std::vector<double> full, late;
  for (int i = 0; i <= kRepeats; ++i) {
    backend.assign_ops().clear_labels(*rows);
    const auto begin = std::chrono::steady_clock::now();
    fit.total = fit.pass();
    if (i > 0) full.push_back(milliseconds_since(begin));
  }
  const int64_t rechecked = fit.total.rechecked;
  check_pass(backend, *rows, values, fit.view(), fit.total);
  for (int i = 0; i < kSettle; ++i) fit.step();
  int64_t moved = 0;
  for (int i = 0; i < kRepeats; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    moved += fit.step().moved;
    late.push_back(milliseconds_since(begin));
  }
  check_pass(backend, *rows, values, fit.view(), fit.total);
  const double bytes = static_cast<double>(shape.n) * shape.d * 4;
  const double rate = bytes / (median(full) * 1e6);
  std::printf(
      "%s\n  {\"n\": %lld, \"d\": %d, \"k\": %d, \"rows\": \"%s\", \"full_ms\": %.4f, \"full_gb_per_s\": %.1f, ",
      first ? "" : ",", static_cast<long long>(shape.n), shape.d, shape.k,
      shape.structureless ? "structureless" : "mixture", median(full), rate);
  std::printf("\"full_share_of_copy\": %.3f, \"late_ms\": %.4f, \"late_moved_share\": %.6f, \"rechecked_share\": %.6f}",
              rate / copy_rate, median(late), static_cast<double>(moved) / kRepeats / static_cast<double>(shape.n),
              static_cast<double>(rechecked) / static_cast<double>(shape.n));
  std::fflush(stdout);
}

int run(int device, bool large) {
  const double copy_rate = copy_bandwidth_gb_per_s(device);
  const auto backend = make_cuda_backend(device);
  const BackendFacts facts = backend->facts();
  std::printf("{\"device\": \"%s\", \"simd\": \"%s\", \"copy_gb_per_s\": %.1f, \"shapes\": [", facts.device.c_str(),
              facts.simd.c_str(), copy_rate);
  bool first = true;
  for (const Shape& shape : kShapes) {
    const int64_t needed = backend->rows_bytes(shape.n, shape.d, false);
    if ((shape.large && !large) || needed > facts.memory_bytes / 10 * 9) continue;
    measure(*backend, shape, copy_rate, first);
    first = false;
  }
  std::printf("\n]}\n");
  return 0;
}

}  // namespace
}  // namespace clientele::bench

int main(int argc, char** argv) {
  int device = 0;
  bool large = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--large") == 0) {
      large = true;
    } else if (std::strcmp(argv[i], "--device") == 0 && i + 1 < argc) {
      device = std::atoi(argv[++i]);
    } else {
      std::fprintf(stderr, "usage: gpu_bench [--device N] [--large]\n");
      return 2;
    }
  }
  try {
    return clientele::bench::run(device, large);
  } catch (const clientele::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return error.exit_code();
  } catch (const std::exception& error) {  // a check that failed
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
