// The ways through an assignment pass: shared memory, bounds, and that every way gives the same bytes.
#include <gtest/gtest.h>

#include <cmath>

#include "clientele/base/fixed_point.h"
#include "clientele/compute/formulas.h"
#include "kernels/batches.h"
#include "kernels/bounds_choice.h"
#include "kernels/expiry.h"
#include "kernels/pass_memory.h"
#include "kernels/paths.h"
#include "stand_in.h"
#include "tests/support/row_makers.h"

namespace clientele::gpu {
namespace {

TEST(PassMemory, PartsFollowEachOtherOnWholeSixteens) {
  for (const int k : {1, 7, 8, 20, 180, 1000}) {
    for (const int d : {1, 3, 16, 33, 64}) {
      const PassMemory m = pass_memory(k, d, 3 * tile_bytes_of(d));
      const int64_t padded = (k + kScreenGroup - 1) / kScreenGroup * kScreenGroup;
      const int64_t sizes[] = {8 * d,           4 * padded * d,  20 * padded, 8 * (k + 1),
                               4 * k * (d | 1), 4 * k * (d | 1), 4 * k,       3 * 128 * d};
      const int64_t begins[] = {m.scales, m.grouped, m.bounds, m.drift, m.low, m.high, m.rows, m.tiles, m.bytes};
      for (int i = 0; i < 8; ++i) {
        EXPECT_EQ(begins[i] % 16, 0);
        EXPECT_GE(begins[i + 1], begins[i] + sizes[i]) << k << " " << d << " part " << i;
        EXPECT_LT(begins[i + 1], begins[i] + sizes[i] + 16);
      }
    }
  }
}

TEST(PassMemory, TheShapeFitsAndIsTheFirstThatDoes) {
  constexpr int64_t sm80 = 163 << 10, sm86 = 99 << 10, sm90 = 227 << 10;
  for (const int64_t most : {sm80, sm86, sm90}) {
    for (const int k : {2, 8, 20, 64, 180}) {
      for (const int d : {8, 16, 32, 64}) {
        const auto shape = fused_shape(k, d, most);
        bool found = false;
        for (const FusedShape& s : kFusedShapes) {
          const bool is = shape && s.warps == shape->warps && s.tiles == shape->tiles && s.stages == shape->stages;
          const bool fits = pass_memory(k, d, s.warps * s.tiles * s.stages * tile_bytes_of(d)).bytes <= most;
          EXPECT_EQ(is, fits && !found);
          found = found || fits;
          EXPECT_LE(s.warps * 32, kFusedThreads);
        }
        EXPECT_EQ(shape.has_value(), found);
        const int warps = bounded_warps(k, d, most);
        EXPECT_LE(warps == 0 ? 0 : pass_memory(k, d, warps * tile_bytes_of(d)).bytes, most);
      }
    }
    EXPECT_TRUE(fused_shape(50, 32, most) && bounded_warps(50, 32, most));  // client segmentation fits every card
    EXPECT_FALSE(fused_shape(1000, 64, most));
  }
}

TEST(Batches, TakeEveryModelAndFit) {
  std::vector<int> ks;
  for (int k = 1; k <= 40; ++k) ks.push_back(k);
  for (const int64_t shared : {5 << 10, 96 << 10, 160 << 10, 223 << 10}) {
    for (const int d : {1, 8, 32, 64, 128}) {
      SCOPED_TRACE(testing::Message() << shared << " bytes, d = " << d);
      const auto shape = together_shape(d, shared);
      if (!shape) continue;
      const int64_t room = batch_room(*shape, d, shared);
      EXPECT_GE(room, model_bytes(kTogetherSegments, d));
      const std::vector<size_t> batches = cut_batches(ks, d, room);
      size_t next = 0;
      int64_t total = 0;
      for (const size_t count : batches) {
        int begin = 0;
        ASSERT_LE(next + count, ks.size());
        ASSERT_LE(count, static_cast<size_t>(kMostTogether));
        for (size_t i = 0; i < count; ++i) {
          const ModelMemory m = model_memory(ks[next], d, begin);
          const int64_t padded = (ks[next] + kScreenGroup - 1) / kScreenGroup * kScreenGroup;
          const int64_t sizes[] = {4 * padded * d,         20 * padded,  4 * ks[next] * (d | 1),
                                   4 * ks[next] * (d | 1), 4 * ks[next], 8};
          const int begins[] = {m.grouped, m.bounds, m.low, m.high, m.rows, m.counters, m.end};
          EXPECT_EQ(m.grouped, begin);
          for (int part = 0; part < 6; ++part) {
            EXPECT_EQ(begins[part] % 16, 0);
            EXPECT_GE(begins[part + 1], begins[part] + sizes[part]) << "part " << part;
          }
          begin = m.end;
          ++next;
        }
        EXPECT_LE(begin, room);
        total += begin;
      }
      EXPECT_EQ(next, ks.size());
      EXPECT_LE(static_cast<int64_t>(batches.size()), total / room + 3);
    }
  }
  EXPECT_FALSE(together_shape(64, 5 << 10));
  EXPECT_TRUE(together_shape(32, 96 << 10));
}

double exact_distance(const std::vector<float>& x, const float* c) {
  long double d2 = 0;
  for (size_t j = 0; j < x.size(); ++j)
    d2 += (static_cast<long double>(x[j]) - c[j]) * (static_cast<long double>(x[j]) - c[j]);
  return static_cast<double>(std::sqrt(d2));
}

/// The screen's numbers for one row, as the kernels find them.
struct RowSlack {
  float slack;
  double exact;
};

RowSlack slack_of(const std::vector<float>& x, const std::vector<float>& centroids, int k) {
  const int d = static_cast<int>(x.size());
  float norm2 = 0;
  for (const float v : x) norm2 = std::fma(v, v, norm2);
  const float length = screen_length(norm2, screen_growth(d));
  float best = HUGE_VALF, second = HUGE_VALF, gap = 0;
  int own = 0;
  for (int c = 0; c < k; ++c) {
    double c2 = 0;
    for (int j = 0; j < d; ++j) c2 = norm_step(c2, centroids[static_cast<size_t>(c * d + j)]);
    const ScreenBound bound = screen_bound(c2, d);
    float lower = bound.bias;
    for (int j = 0; j < d; ++j)
      lower = std::fma(x[static_cast<size_t>(j)], -centroids[static_cast<size_t>(c * d + j)], lower);
    lower = std::fma(length, bound.slope, lower);
    second = std::fmin(second, std::fmax(best, lower));
    if (lower < best) {
      best = lower;
      own = c;
      gap = screen_gap(bound, length);
    }
  }
  double other = HUGE_VAL;
  for (int c = 0; c < k; ++c)
    if (c != own) other = std::fmin(other, exact_distance(x, &centroids[static_cast<size_t>(c * d)]));
  return {row_slack(best, second, gap, length, d), other - exact_distance(x, &centroids[static_cast<size_t>(own * d)])};
}

TEST(Expiry, SlackIsNeverAboveTheDifferenceOfDistancesAndCloseToIt) {
  int close = 0, rows = 0;
  for (const double offset : {0.0, 3.0, 1000.0}) {
    for (const int d : {1, 8, 33}) {
      for (const int k : {2, 7}) {
        std::vector<float> centroids;
        for (int i = 0; i < k * d; ++i)
          centroids.push_back(static_cast<float>(offset + 4 * oracle::uniform(5, static_cast<uint64_t>(i))));
        for (uint64_t r = 0; r < 200; ++r) {
          std::vector<float> x;
          for (int j = 0; j < d; ++j)
            x.push_back(static_cast<float>(offset + 4 * oracle::uniform(6 + r, static_cast<uint64_t>(j))));
          const RowSlack found = slack_of(x, centroids, k);
          EXPECT_LE(static_cast<double>(found.slack), found.exact) << offset << " " << d << " " << r;
          rows += offset == 0;
          close += offset == 0 && static_cast<double>(found.slack) > 0.99 * found.exact;
        }
      }
    }
  }
  EXPECT_GT(close, rows * 9 / 10);
}

TEST(Expiry, RoundsDown) {
  for (uint64_t i = 0; i < 1000; ++i) {
    const float slack = static_cast<float>(std::ldexp(oracle::uniform(1, i), static_cast<int>(i % 60) - 30));
    const float begun = static_cast<float>(std::ldexp(oracle::uniform(2, i), static_cast<int>(i % 37) - 18));
    EXPECT_LE(static_cast<double>(row_expiry(slack, begun)), static_cast<double>(slack) + static_cast<double>(begun));
    EXPECT_LE(static_cast<double>(tile_expiry(slack, begun)), static_cast<double>(slack) + static_cast<double>(begun));
  }
  EXPECT_EQ(row_expiry(-1, 5), 0.0f);
  EXPECT_EQ(row_expiry(NAN, 5), 0.0f);
  EXPECT_EQ(tile_expiry(0, 5), 0.0f);
}

/// A block of rows and Lloyd's state over it.
struct Fit {
  Fit(const Paths& paths, const oracle::Shape& shape) : backend(make_backend(0, paths)), d(shape.d), drift(shape.k) {
    oracle::Rows made = oracle::make_rows(shape);
    // Without any structure many rows lie near the border of two segments, and go on changing them while bounds hold.
    for (size_t i = 0; i < made.x.size(); ++i) made.x[i] = static_cast<float>(4 * oracle::uniform(77, i) - 2);
    rows.push_back(backend->make_rows(0, made.n, d, false, "rows of a test"));
    std::vector<double> columns(made.x.size());
    std::vector<FeatureTransform> identity(static_cast<size_t>(d));
    for (int j = 0; j < d; ++j) {
      identity[static_cast<size_t>(j)].source = j;
      for (int64_t i = 0; i < made.n; ++i) columns[static_cast<size_t>(j * made.n + i)] = double(made.row(i)[j]);
    }
    backend->column_ops().transform({columns.data(), made.n, d, made.n}, identity, {}, *rows[0], 0);
    scales = oracle::scales(made);
    centroids.assign(made.x.begin(), made.x.begin() + int64_t{shape.k} * d);
    total.sums.resize(centroids.size());
    total.counts.resize(static_cast<size_t>(shape.k));
  }

  PassResult step() {
    auto pass = backend->assign_ops().start(view(), scales, &drift);
    pass->add(*rows[0]);
    PassResult found = pass->finish();
    take(found);
    return found;
  }

  std::vector<PassResult> steps(int64_t most) {
    std::vector<PassResult> found =
        backend->assign_ops().rounds(rows, {view(), scales, total.sums, total.counts, &drift}, most);
    for (const PassResult& result : found) take(result);
    return found;
  }

  CentroidsView view() const { return {centroids.data(), static_cast<int>(total.counts.size()), d}; }

  void take(const PassResult& found) {
    const std::vector<float> before = centroids;
    for (size_t i = 0; i < total.sums.size(); ++i) total.sums[i].add(found.sums[i]);
    for (size_t c = 0; c < total.counts.size(); ++c) total.counts[c] += found.counts[c];
    for (size_t i = 0; i < total.sums.size(); ++i) {
      const size_t j = i % static_cast<size_t>(d), c = i / static_cast<size_t>(d);
      if (total.counts[c] > 0) centroids[i] = centroid_value(total.sums[i], scales[j], total.counts[c]);
    }
    drift.add(before, centroids, d);
  }

  std::vector<int32_t> labels() const {
    std::vector<int32_t> found(static_cast<size_t>(rows[0]->rows()));
    backend->assign_ops().copy_labels(*rows[0], found);
    return found;
  }

  std::unique_ptr<Backend> backend;
  int d;
  std::vector<std::unique_ptr<RowBlock>> rows;  // one block
  std::vector<double> scales;
  std::vector<float> centroids;
  Drift drift;
  PassResult total;
};

/// Shared memory that leaves room for two tiles and three stages, for less and less, and for nothing.
class Ways : public testing::TestWithParam<int64_t> {
 protected:
  void SetUp() override { stand_in::set_shared_bytes(static_cast<size_t>(GetParam())); }
  void TearDown() override { stand_in::set_shared_bytes(size_t{100} << 10); }
};

TEST_P(Ways, GiveTheSameBytesAndBoundsSkipRows) {
  const oracle::Shape shape{oracle::Kind::mixture, 9001, 3, 6};
  Fit plain({.fused = false, .bounds = false}, shape), full({.bounds = false}, shape), bounded({}, shape);
  int64_t scanned = 0, moved = 0;
  for (int round = 0; round < 20; ++round) {
    SCOPED_TRACE(round);
    const PassResult expected = plain.step(), fused = full.step(), found = bounded.step();
    for (const PassResult* other : {&fused, &found}) {
      EXPECT_EQ(other->moved, expected.moved);
      EXPECT_EQ(other->counts, expected.counts);
      EXPECT_EQ(other->rows, expected.rows);
      for (size_t i = 0; i < expected.sums.size(); ++i) ASSERT_TRUE(same_value(other->sums[i], expected.sums[i])) << i;
    }
    ASSERT_EQ(full.labels(), plain.labels());
    ASSERT_EQ(bounded.labels(), plain.labels());
    EXPECT_EQ(fused.scanned, 9001);
    EXPECT_EQ(fused.rechecked, expected.rechecked);
    scanned = found.scanned;
    moved += round > 0 ? found.moved : 0;
  }
  EXPECT_GT(moved, 9001 / 2);
  EXPECT_LT(scanned, GetParam() > 6000 ? 9001 / 2 : 9002);
}

TEST_P(Ways, RoundsAtOnceSkipTheSameRows) {
  const oracle::Shape shape{oracle::Kind::mixture, 9001, 3, 6};
  Fit plain({.fused = false, .bounds = false}, shape), at_once({}, shape);
  int64_t scanned = 0, made = 0;
  for (int call = 0; call < 8; ++call) {
    SCOPED_TRACE(call);
    const std::vector<PassResult> found = at_once.steps(4);
    if (found.empty()) break;
    EXPECT_EQ(found.size(), 4u);
    for (const PassResult& result : found) {
      const PassResult expected = plain.step();
      EXPECT_EQ(result.moved, expected.moved);
      for (size_t i = 0; i < expected.sums.size(); ++i) ASSERT_TRUE(same_value(result.sums[i], expected.sums[i])) << i;
      scanned = result.scanned;
      ++made;
    }
    ASSERT_EQ(at_once.labels(), plain.labels());
    ASSERT_EQ(at_once.centroids, plain.centroids);
  }
  EXPECT_EQ(made, GetParam() > 6000 ? 32 : 0);
  EXPECT_LT(scanned, 9001 / 2);
}

TEST_P(Ways, SeveralModelsShareAReadInBatches) {
  const auto shape = [](int k) { return oracle::Shape{oracle::Kind::mixture, 2001, 3, k}; };
  std::vector<std::unique_ptr<Fit>> alone;
  for (int k = 2; k <= 20; ++k)
    alone.push_back(std::make_unique<Fit>(Paths{.fused = false, .bounds = false}, shape(k)));
  Fit rows({}, shape(2));
  AssignOps& ops = rows.backend->assign_ops();
  int64_t made = 0;
  for (int round = 0; round < 3; ++round) {
    std::vector<ModelRounds> asked;
    for (size_t m = 0; m < alone.size(); ++m) {
      const Fit& fit = *alone[m];
      asked.push_back({{fit.view(), fit.scales, fit.total.sums, fit.total.counts, nullptr}, static_cast<int>(m), 1});
    }
    const std::vector<std::vector<PassResult>> found = ops.rounds_together(rows.rows, asked);
    ASSERT_EQ(found.size(), alone.size());
    for (size_t m = 0; m < alone.size(); ++m) {
      SCOPED_TRACE(testing::Message() << "round " << round << ", model " << m);
      if (found[m].empty()) continue;
      ASSERT_EQ(found[m].size(), 1u);
      const PassResult expected = alone[m]->step();
      EXPECT_EQ(found[m][0].moved, expected.moved);
      EXPECT_EQ(found[m][0].counts, expected.counts);
      EXPECT_EQ(found[m][0].rechecked, expected.rechecked);
      for (size_t i = 0; i < expected.sums.size(); ++i)
        ASSERT_TRUE(same_value(found[m][0].sums[i], expected.sums[i])) << i;
      ops.use_labels(*rows.rows[0], static_cast<int>(m));
      ASSERT_EQ(rows.labels(), alone[m]->labels());
      ++made;
    }
  }
  EXPECT_EQ(made, GetParam() > (10 << 10) ? 3 * 19 : 0);
}

TEST(Together, AModelWhoseRowsHardlyMoveGoesAlone) {
  Fit rows({}, {oracle::Kind::mixture, 3001, 3, 4});
  AssignOps& ops = rows.backend->assign_ops();
  std::vector<Fit> fits;
  for (const int k : {3, 4, 5}) fits.emplace_back(Paths{}, oracle::Shape{oracle::Kind::mixture, 3001, 3, k});
  const auto together = [&] {
    std::vector<ModelRounds> asked;
    for (size_t m = 0; m < fits.size(); ++m)
      asked.push_back({{fits[m].view(), fits[m].scales, fits[m].total.sums, fits[m].total.counts, &fits[m].drift},
                       static_cast<int>(m),
                       1});
    return ops.rounds_together(rows.rows, asked);
  };
  for (const std::vector<PassResult>& made : together()) EXPECT_EQ(made.size(), 1u);
  PassResult still;
  still.moved = 3001 / 101;
  choice_of(fits[1].drift).record(false, false, 3001, still);
  const auto two = together();
  EXPECT_EQ(two[0].size(), 1u);
  EXPECT_TRUE(two[1].empty());
  EXPECT_EQ(two[2].size(), 1u);
  EXPECT_EQ(choice_of(fits[0].drift).moving(), 0) << "the same centroids again";
  for (const std::vector<PassResult>& made : together()) EXPECT_TRUE(made.empty());
}

INSTANTIATE_TEST_SUITE_P(SharedBytes, Ways, testing::Values(100 << 10, 20 << 10, 12 << 10, 9 << 10, 6500, 4 << 10));

}  // namespace
}  // namespace clientele::gpu
