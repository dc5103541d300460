// A segment of 1e8 rows: where a float32 accumulator is wrong by a third (it stops growing at 2^24 times its summand),
// the centroid is that of double precision. The rows are made block by block and never stored.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "clientele/base/fixed_point.h"
#include "clientele/base/random.h"
#include "clientele/compute/backends.h"

namespace clientele {
namespace {

constexpr int64_t kBlock = 1'000'000;
constexpr int64_t kBlocks = 100;
constexpr int kColumns = 2;

/// 1 +- 0.3, uniform.
double value(uint64_t cell) {
  uint64_t x = (cell + 1) * 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return 0.7 + 0.6 * static_cast<double>((x ^ (x >> 31)) >> 11) * 0x1p-53;
}

TEST(OneSegment, OfHundredMillionRowsHasTheCentroidOfDoublePrecision) {
  ThreadPool pool(2);
  const auto backend = make_cpu_backend(pool);
  const auto rows = backend->make_rows(0, kBlock, kColumns, false, "rows");
  const FeatureTransform features[] = {{.source = 0}, {.source = 1}};
  const std::vector<double> scales(kColumns, fixed_scale(fixed_exponent(1.3f)));
  const float centroid[] = {1, 1};
  const auto pass = backend->assign_ops().start({centroid, 1, kColumns}, scales);
  std::vector<double> values(kBlock * kColumns), blocks(kBlocks * kColumns);
  float naive = 0;
  for (int64_t b = 0; b < kBlocks; ++b) {
    pool.parallel_for(kColumns, [&](int64_t j, int) {
      double* column = values.data() + j * kBlock;
      double sum = 0;
      for (int64_t i = 0; i < kBlock; ++i) {
        column[i] = value(static_cast<uint64_t>((b * kBlock + i) * kColumns + j));
        sum += static_cast<double>(static_cast<float>(column[i]));
      }
      blocks[static_cast<size_t>(b * kColumns + j)] = sum;
    });
    for (int64_t i = 0; i < kBlock; ++i) naive += static_cast<float>(values[static_cast<size_t>(i)]);
    backend->column_ops().transform({values.data(), kBlock, kColumns, kBlock}, features, {}, *rows, 0);
    backend->assign_ops().clear_labels(*rows);
    pass->add(*rows);
  }
  const PassResult result = pass->finish();
  constexpr int64_t kRows = kBlock * kBlocks;
  ASSERT_EQ(result.counts[0], kRows);
  for (int j = 0; j < kColumns; ++j) {
    long double sum = 0;
    for (int64_t b = 0; b < kBlocks; ++b)
      sum += static_cast<long double>(blocks[static_cast<size_t>(b * kColumns + j)]);
    const double mean = static_cast<double>(sum / kRows);
    const float found = centroid_value(result.sums[static_cast<size_t>(j)], scales[static_cast<size_t>(j)], kRows);
    EXPECT_EQ(found, static_cast<float>(mean)) << "column " << j << ", in double " << mean;
  }
  EXPECT_LT(naive / static_cast<float>(kRows), 0.7f) << "else this test proves nothing";
}

}  // namespace
}  // namespace clientele
