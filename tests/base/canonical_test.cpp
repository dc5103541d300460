#include "clientele/base/canonical.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

#include "tests/base/expect_error.h"

namespace clientele {
namespace {

std::vector<double> noisy(size_t count, double offset, double spread, double share_missing, uint64_t seed = 1) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal(offset, spread);
  std::vector<double> values(count);
  for (double& x : values) x = static_cast<double>(random() >> 11) * 0x1p-53 < share_missing ? NAN : normal(random);
  return values;
}

/// exactness.md 1, word by word: lane r mod 64 of each 65,536-row block, fold by halves, blocks in ascending order.
double slow_sum(const std::vector<double>& values) {
  double total = 0;
  for (size_t first = 0; first < values.size(); first += 65536) {
    double lane[64] = {};
    for (size_t r = first; r < std::min(values.size(), first + 65536); ++r)
      if (!std::isnan(values[r])) lane[r % 64] = lane[r % 64] + values[r];
    for (size_t half : {32, 16, 8, 4, 2, 1})
      for (size_t i = 0; i < half; ++i) lane[i] = lane[i] + lane[i + half];
    total = total + lane[0];
  }
  return total;
}

TEST(Canonical, FoldAddsByHalves) {
  Lanes lanes;
  // Left to right these would give 0; by halves, lane 0 meets lane 32 first.
  lanes.lane[0] = 1e16;
  lanes.lane[1] = 1;
  lanes.lane[32] = -1e16;
  EXPECT_EQ(lanes.fold(), 1);
  lanes.lane[32] = 0;
  lanes.lane[33] = -1e16;
  EXPECT_EQ(lanes.fold(), 1e16 + (1 - 1e16));
}

TEST(Canonical, SumsFollowTheDefinitionWhateverThePieces) {
  const std::vector<double> values = noisy(200'000, 3, 1e6, 0.1);
  const double expected = slow_sum(values);
  for (const size_t piece : {size_t{1}, size_t{63}, size_t{1000}, size_t{65536}, size_t{100'000}, values.size()}) {
    CanonicalSum sum;
    for (size_t first = 0; first < values.size(); first += piece)
      sum.add(static_cast<int64_t>(first), std::span(values).subspan(first, std::min(piece, values.size() - first)));
    EXPECT_EQ(std::bit_cast<uint64_t>(sum.total()), std::bit_cast<uint64_t>(expected)) << piece;
    EXPECT_EQ(sum.blocks().size(), 4u);
  }
}

TEST(Canonical, BlocksSummedElsewhereAndRanksGiveTheSameTotal) {
  const std::vector<double> values = noisy(300'000, -1, 10, 0.5);
  const double expected = slow_sum(values);
  CanonicalSum appended;
  std::vector<double> of_ranks;
  for (size_t first = 0; first < values.size(); first += 65536) {
    const auto block = std::span(values).subspan(first, std::min<size_t>(65536, values.size() - first));
    appended.append_closed(CanonicalSum::block_sum(block));
    CanonicalSum rank;
    rank.add(static_cast<int64_t>(first), block);
    rank.close();
    of_ranks.insert(of_ranks.end(), rank.blocks().begin(), rank.blocks().end());
  }
  EXPECT_EQ(appended.total(), expected);
  EXPECT_EQ(CanonicalSum::merge(of_ranks), expected);
}

TEST(Canonical, NothingAndOnlyAbsentValuesSumToZero) {
  CanonicalSum nothing;
  EXPECT_EQ(nothing.total(), 0);
  EXPECT_TRUE(nothing.blocks().empty());
  CanonicalSum absent;
  absent.add(0, std::vector<double>(70'000, NAN));
  EXPECT_EQ(absent.total(), 0);
  EXPECT_EQ(absent.blocks().size(), 2u);
}

TEST(Canonical, RowsOutOfOrderAreAnInternalFault) {
  CanonicalSum sum;
  sum.add(0, std::vector<double>(10, 1.0));
  EXPECT_EQ(error_of([&] { sum.add(11, std::vector<double>(1, 1.0)); }).kind(), ErrorKind::internal);
  EXPECT_EQ(error_of([&] { sum.append_closed(1); }).kind(), ErrorKind::internal);
  EXPECT_EQ(error_of([] { (void)CanonicalSum::block_sum(std::vector<double>(65537)); }).kind(), ErrorKind::internal);
  MomentLanes lanes;
  EXPECT_EQ(error_of([&] { lanes.add(65530, std::vector<double>(7)); }).kind(), ErrorKind::internal);
}

std::vector<Moments> moments_of(const std::vector<double>& values, size_t piece) {
  std::vector<Moments> blocks;
  for (size_t first = 0; first < values.size(); first += 65536) {
    const auto block = std::span(values).subspan(first, std::min<size_t>(65536, values.size() - first));
    MomentLanes lanes;
    for (size_t at = 0; at < block.size(); at += piece)
      lanes.add(static_cast<int64_t>(at), block.subspan(at, std::min(piece, block.size() - at)));
    blocks.push_back(lanes.close());
  }
  return blocks;
}

// Each block's mean is rounded to a double, so that far from zero the merged spread cannot be better than the steps
// between the means.
TEST(Canonical, MomentsAgreeWithLongDoubleFarFromZero) {
  for (const size_t rows : {size_t{60'000}, size_t{150'000}})
    for (const double offset : {0.0, 1e9, -1e9}) {
      const std::vector<double> values = noisy(rows, offset, 1, 0.2);
      long double sum = 0, squares = 0;
      int64_t present = 0;
      for (const double x : values)
        if (!std::isnan(x)) sum += x, ++present;
      const long double mean = sum / static_cast<long double>(present);
      for (const double x : values)
        if (!std::isnan(x)) squares += (x - mean) * (x - mean);
      const Moments all = Moments::merge(moments_of(values, 8192));
      EXPECT_EQ(all.present, present);
      EXPECT_EQ(all.missing, static_cast<int64_t>(rows) - present);
      EXPECT_NEAR(all.mean, static_cast<double>(mean), 4 * 0x1p-53 * std::fabs(offset) + 1e-15);
      EXPECT_NEAR(all.m2 / static_cast<double>(squares), 1, rows <= 65536 || offset == 0 ? 1e-12 : 1e-8);
      EXPECT_NEAR(all.variance(), 1, 0.02);
    }
}

TEST(Canonical, MomentsDoNotDependOnThePieces) {
  std::vector<double> values = noisy(140'000, 1e5, 3, 0.3);
  values[5] = INFINITY;
  values[70'000] = -INFINITY;
  const Moments whole = Moments::merge(moments_of(values, 65536));
  EXPECT_EQ(whole.infinite, 2);
  for (const size_t piece : {1, 7, 64, 1000}) {
    const Moments pieces = Moments::merge(moments_of(values, piece));
    EXPECT_EQ(std::bit_cast<uint64_t>(pieces.mean), std::bit_cast<uint64_t>(whole.mean));
    EXPECT_EQ(std::bit_cast<uint64_t>(pieces.m2), std::bit_cast<uint64_t>(whole.m2));
    EXPECT_EQ(pieces.present, whole.present);
    EXPECT_EQ(pieces.missing, whole.missing);
    EXPECT_EQ(pieces.infinite, 2);
    EXPECT_EQ(pieces.min, whole.min);
    EXPECT_EQ(pieces.max, whole.max);
  }
  EXPECT_TRUE(std::isfinite(whole.min) && std::isfinite(whole.max));
}

TEST(Canonical, OneBlockFollowsTheFormula) {
  const std::vector<double> values = {NAN, 5, 7, INFINITY, 6, NAN};
  const Moments block = moments_of(values, 1)[0];
  // s = 5: P = 0 + 2 + 1, Q = 0 + 4 + 1, m = 3.
  EXPECT_EQ(block.mean, 5 + 3.0 / 3);
  EXPECT_EQ(block.m2, 5 - 9.0 / 3);
  EXPECT_EQ(block.min, 5);
  EXPECT_EQ(block.max, 7);
  EXPECT_EQ(block.missing, 2);
}

TEST(Canonical, MergingWithNothingChangesNothing) {
  const Moments some = moments_of({1, 2, 4}, 1)[0];
  const Moments none = moments_of({NAN, NAN}, 1)[0];
  for (const Moments& both : {Moments::merge(some, none), Moments::merge(none, some)}) {
    EXPECT_EQ(both.mean, some.mean);
    EXPECT_EQ(both.m2, some.m2);
    EXPECT_EQ(both.present, 3);
    EXPECT_EQ(both.missing, 2);
    EXPECT_EQ(both.min, 1);
    EXPECT_EQ(both.max, 4);
  }
  EXPECT_EQ(none.variance(), 0);
  EXPECT_EQ(Moments::merge(std::span<const Moments>{}).present, 0);
}

TEST(Canonical, AConstantColumnHasNoSpread) {
  const Moments all = Moments::merge(moments_of(std::vector<double>(140'000, 0.1), 1000));
  EXPECT_EQ(all.mean, 0.1);
  EXPECT_EQ(all.m2, 0);
}

}  // namespace
}  // namespace clientele
