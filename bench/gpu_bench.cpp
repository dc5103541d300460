// Assignment passes of the CUDA backend on resident rows, each shape checked before it is timed. Prints one JSON
// object:
//   gpu_bench [--device 0] [--large]        --large adds shapes of 1e8 rows and more
// A full pass starts from cleared labels; late passes follow 12 iterations: dense ones look at every row, bounded ones
// skip rows that provably keep their segment. Times are wall-clock milliseconds from start() to the result on the host,
// medians of kRepeats after one warm-up. GB/s counts n * d * 4 bytes once, the least a full pass must read. Shapes of
// many segments are measured in float32 and on tensor cores. Then full passes over rows streamed from the host's
// memory. Last a sweep: rounds of the models of k = 2 to 20 together and one after the other.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "bench/gpu_streamed.h"
#include "bench/gpu_sweep.h"
#include "bench/support/bench_rows.h"
#include "clientele/base/errors.h"
#include "kernels/copy_bandwidth.h"
#include "kernels/paths.h"
#include "kernels/tensor_probe.h"

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

constexpr int kManySegments = 180;  ///< from here on tensor cores are measured too

// gpu.md's headline shapes and flashlib's grid, as far as they fit; structureless rows are the worst case of bounds.
const Shape kShapes[] = {
    {1'000'000, 16, 8, false},
    {1'000'000, 16, 8, true},
    {10'000'000, 16, 10, false},
    {10'000'000, 16, 10, true},
    {10'000'000, 32, 20, false},
    {10'000'000, 32, 20, true},
    {10'000'000, 16, 16, false},
    {10'000'000, 16, 64, false},
    {10'000'000, 32, 4, false},
    {10'000'000, 32, 16, false},
    {10'000'000, 32, 64, false},
    {10'000'000, 64, 64, false},
    {10'000'000, 64, 256, false},
    {10'000'000, 64, 1000, false},
    {20'000'000, 32, 64, false},
    {100'000'000, 16, 10, false, true},
    {100'000'000, 32, 20, false, true},
    {1'000'000'000, 8, 10, false, true},
    {1'000'000'000, 16, 20, false, true},
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
  Drift drift{k};

  CentroidsView view() const { return {centroids.data(), k, rows.d()}; }
  PassResult pass(bool bounded) {
    auto under_way = backend.assign_ops().start(view(), scales, bounded ? &drift : nullptr);
    under_way->add(rows);
    return under_way->finish();
  }
  PassResult step(bool bounded) {
    const std::vector<float> before = centroids;
    for (size_t i = 0; i < total.sums.size(); ++i) {
      const size_t d = static_cast<size_t>(rows.d());
      if (total.counts[i / d] > 0) centroids[i] = centroid_value(total.sums[i], scales[i % d], total.counts[i / d]);
    }
    drift.add(before, centroids, rows.d());
    PassResult delta = pass(bounded);
    for (size_t i = 0; i < total.sums.size(); ++i) total.sums[i].add(delta.sums[i]);
    for (size_t c = 0; c < total.counts.size(); ++c) total.counts[c] += delta.counts[c];
    return delta;
  }
};

/// What the late passes of one kind took.
struct Late {
  std::vector<double> milliseconds;
  int64_t moved = 0, scanned = 0;

  void print(const char* name, int64_t n) const {
    const double rows = static_cast<double>(n) * kRepeats;
    std::printf(", \"%s\": {\"ms\": %.4f, \"moved_share\": %.6f, \"scanned_share\": %.6f}", name, median(milliseconds),
                static_cast<double>(moved) / rows, static_cast<double>(scanned) / rows);
  }
};

Late late_passes(Fit& fit, bool bounded) {
  Late late;
  for (int i = 0; i < kRepeats; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const PassResult found = fit.step(bounded);
    late.milliseconds.push_back(milliseconds_since(begin));
    late.moved += found.moved;
    late.scanned += found.scanned;
  }
  return late;
}

void measure(Backend& backend, const char* way, const Shape& shape, double copy_rate, bool first) {
  const GroupedValues values(shape.d, shape.structureless ? 1 : shape.k);
  auto rows = make_block(backend, shape.n, shape.d, values);
  std::vector<double> scales;
  for (const float most : backend.column_ops().max_abs(*rows)) scales.push_back(fixed_scale(fixed_exponent(most)));
  Fit fit{backend, *rows, scales, values.start(shape.k, shape.n), shape.k};
  std::vector<double> full;
  for (int i = 0; i <= kRepeats; ++i) {
    backend.assign_ops().clear_labels(*rows);
    const auto begin = std::chrono::steady_clock::now();
    fit.total = fit.pass(i == 0);  // the warm-up pass begins a fit, whose first pass is a full one
    if (i > 0) full.push_back(milliseconds_since(begin));
  }
  const int64_t rechecked = fit.total.rechecked;
  check_pass(backend, *rows, values, fit.view(), fit.total);
  for (int i = 0; i < kSettle; ++i) fit.step(false);
  const Late dense = late_passes(fit, false);
  fit.step(true);  // finds that few rows move
  fit.step(true);  // finds all bounds
  const Late bounded = late_passes(fit, true);
  check_pass(backend, *rows, values, fit.view(), fit.total);
  const double bytes = static_cast<double>(shape.n) * shape.d * 4;
  const double rate = bytes / (median(full) * 1e6);
  std::printf("%s\n  {\"n\": %lld, \"d\": %d, \"k\": %d, \"rows\": \"%s\", \"way\": \"%s\", \"full_ms\": %.4f, ",
              first ? "" : ",", static_cast<long long>(shape.n), shape.d, shape.k,
              shape.structureless ? "structureless" : "mixture", way, median(full));
  std::printf(
      "\"full_gb_per_s\": %.1f, \"full_share_of_copy\": %.3f, \"full_tflop_per_s\": %.2f, \"rechecked_share\": %.6f",
      rate, rate / copy_rate, 2.0 * static_cast<double>(shape.n) * shape.d * shape.k / (median(full) * 1e9),
      static_cast<double>(rechecked) / static_cast<double>(shape.n));
  dense.print("late_dense", shape.n);
  bounded.print("late_bounded", shape.n);
  std::printf("}");
  std::fflush(stdout);
}

/// The worst of what exactness.md 4 allows 4 of, over the coordinates that the shapes have.
double accumulation_error(int device) {
  double worst = 0;
  for (const int d : {8, 16, 32, 64, 128}) worst = std::max(worst, tensor_accumulation_error(device, d, 20'000));
  return worst;
}

int run(int device, bool large) {
  const double copy_rate = copy_bandwidth_gb_per_s(device);
  const auto backend = make_cuda_backend(device);
  const auto on_tensor_cores = gpu::make_backend(device, {.tensor_from = kManySegments});
  const BackendFacts facts = backend->facts();
  std::printf("{\"device\": \"%s\", \"simd\": \"%s\", \"copy_gb_per_s\": %.1f, ", facts.device.c_str(),
              facts.simd.c_str(), copy_rate);
  std::printf("\"tensor_accumulation_error\": %.3f, \"tensor_accumulation_error_allowed\": 4, \"shapes\": [",
              accumulation_error(device));
  bool first = true;
  for (const Shape& shape : kShapes) {
    const int64_t needed =
        backend->rows_bytes(shape.n, shape.d, false) + backend->scratch_bytes(shape.n, shape.d, shape.k);
    if ((shape.large && !large) || needed > facts.memory_bytes / 100 * 95) continue;
    measure(*backend, "float32", shape, copy_rate, first);
    first = false;
    if (shape.k >= kManySegments) measure(*on_tensor_cores, "tensor cores", shape, copy_rate, false);
  }
  const StreamedShape streamed{10'000'000, 32, 20, 8 * kBlockRows};
  std::printf("\n], \"streamed\": ");
  if (streamed_bytes(*backend, streamed) <= facts.memory_bytes / 100 * 95)
    measure_streamed(*backend, streamed);
  else
    std::printf("null");
  // What the models of a sweep save by sharing reads, in full passes: the first rounds of a fit.
  const SweepShape sweep{10'000'000, 32, 2, 20, 4};
  std::printf(", \"sweep\": ");
  if (sweep_bytes(*backend, sweep) <= facts.memory_bytes / 100 * 95)
    measure_sweep(*backend, sweep);
  else
    std::printf("null");
  std::printf("}\n");
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
