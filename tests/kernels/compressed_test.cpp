// Compressed copies of rows on pages: what they hold, what they may prove, and that passes which look at fewer rows for
// their sake give the same bytes. On the stand-in.
#include "kernels/compressed.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "clientele/base/errors.h"
#include "clientele/base/page_buffer.h"
#include "kernels/fused.h"
#include "kernels/paths.h"
#include "kernels/renewed_bounds.h"
#include "kernels/tensor_model.h"
#include "kernels/uploaded_drift.h"
#include "order.h"
#include "stand_in.h"
#include "tests/contract/lloyd_loop.h"
#include "tests/support/row_makers.h"

namespace clientele::gpu {
namespace {

using contract::Loop;
using oracle::Kind;

float rounded(float x) {
  return bf16_value(bf16_bits(x));
}

/// On a page, as the backend lays rows out.
void lay_out(const oracle::Rows& rows, float* page) {
  std::memset(page, 0, static_cast<size_t>(tiled_size(rows.n, rows.d)) * sizeof(float));
  for (int64_t i = 0; i < rows.n; ++i)
    for (int j = 0; j < rows.d; ++j) page[tiled_index(i, rows.d) + j * kTileRows] = rows.row(i)[j];
}

size_t page_bytes(const oracle::Rows& rows) {
  return static_cast<size_t>(tiled_size(rows.n, rows.d)) * sizeof(float);
}

/// A paged block with a copy, between its pages.
struct Copied {
  explicit Copied(const oracle::Rows& rows)
      : block(device, 0, rows.n, rows.d, false, "rows", std::make_shared<DevicePages>(device)),
        page(page_bytes(rows), "a page") {
    lay_out(rows, page.as<float>());
    EXPECT_TRUE(block.keep_compressed(true));
    EXPECT_FALSE(block.can_compress());
    block.set_page(page.as<float>());
    EXPECT_TRUE(block.can_compress());
    block.compress();
    block.set_page(nullptr);
  }

  /// Expiries of rows with these labels under no drift.
  std::vector<float> expiries(const oracle::Centroids& centroids, const std::vector<int32_t>& labels) {
    const CentroidsView view{centroids.x.data(), centroids.k, block.d()};
    const FusedPass pass(device, view.k, view.d);
    const ScreenedCentroids screened(device, view);
    const std::vector<double> scales(static_cast<size_t>(view.d), 1.0);
    MovedSums sums(device, view.k, view.d, scales);
    const UploadedDrift drift(device, Drift(view.k));
    block.set_has_bounds(false);
    std::memcpy(block.slots().label, labels.data(), labels.size() * sizeof(int32_t));
    pass.renew_bounds(block, {screened.view(), sums.scales(), drift.view(), sums.view()});
    EXPECT_TRUE(block.has_bounds());
    const float* found = block.slots().expiry;
    return {found, found + block.rows()};
  }

  Device device{0};
  CudaRows block;
  PageBuffer page;
};

TEST(CompressedRows, HoldRoundedValuesAndBoundsOnTheirErrors) {
  for (const int d : {1, 2, 7, 16}) {
    SCOPED_TRACE(d);
    oracle::Rows rows{77, d, {}, {}, 0};
    for (int64_t i = 0; i < rows.n * d; ++i)
      rows.x.push_back(static_cast<float>(
          std::ldexp(oracle::uniform(9, static_cast<uint64_t>(i)) - 0.5, static_cast<int>(i % 150) - 75)));
    rows.x[0] = 0x1p-149f;
    rows.x[size_t(d)] = 3.4028235e38f;
    Copied copied(rows);
    const CompressedView view = copied.block.compressed()->view();
    for (int64_t i = 0; i < rows.n; ++i) {
      long double error2 = 0;
      for (int j = 0; j < d; ++j) {
        const uint32_t both = view.pairs[i / kTileRows * kTileRows * pairs_of(d) + j / 2 * kTileRows + i % kTileRows];
        const float value = bf16_value(both >> (16 * (j % 2)) & 0xFFFFu), x = rows.row(i)[j];
        EXPECT_EQ(value, rounded(x));
        error2 += (static_cast<long double>(x) - value) * (static_cast<long double>(x) - value);
      }
      EXPECT_GE(static_cast<long double>(view.errors[i]), sqrtl(error2)) << i;
      if (i != 1) {
        EXPECT_LE(static_cast<long double>(view.errors[i]), 1.0001L * sqrtl(error2) + 0x1p-59L) << i;
      }
    }
    EXPECT_EQ(view.errors[1], HUGE_VALF);  // beyond what bf16 holds
  }
}

/// Rows close to the border of two segments: closer than their rounding, or not.
oracle::Rows near_borders(const oracle::Centroids& centroids, int64_t n, int d, double offset) {
  oracle::Rows rows{n, d, {}, {}, 0};
  for (int64_t i = 0; i < n; ++i) {
    const uint64_t stream = static_cast<uint64_t>(i);
    const int a = static_cast<int>(oracle::uniform(stream, 1000) * centroids.k), b = (a + 1) % centroids.k;
    const double share = 0.5 + std::ldexp(oracle::uniform(stream, 1001) - 0.5, -static_cast<int>(i % 12));
    for (int j = 0; j < d; ++j) {
      const double from = double(centroids.x[size_t(a * d + j)]), to = double(centroids.x[size_t(b * d + j)]);
      const double noise = (oracle::uniform(stream, static_cast<uint64_t>(j)) - 0.5) * 0.01;
      rows.x.push_back(static_cast<float>(from + share * (to - from) + noise * (1 + offset * 0.001)));
    }
  }
  return rows;
}

/// The labels that a copy would have are offered as the rows' own: where they are wrong, nothing may be proved.
TEST(RenewedBounds, ProveNothingThatIsNotSoOfTheRowItself) {
  int64_t wrong = 0, proved = 0, all = 0;
  for (const double offset : {0.0, 30.0, 0x1p20})
    for (const int d : {1, 3, 8, 33})
      for (const int k : {2, 8, 20}) {
        SCOPED_TRACE(testing::Message() << offset << " " << d << " " << k);
        oracle::Centroids centroids{k, {}};
        for (int i = 0; i < k * d; ++i)
          centroids.x.push_back(static_cast<float>(offset + 4 * oracle::uniform(5, static_cast<uint64_t>(i))));
        const oracle::Rows rows = near_borders(centroids, 500, d, offset);
        oracle::Rows copy = rows;
        for (float& x : copy.x) x = rounded(x);
        const std::vector<int32_t> labels = oracle::labels(copy, centroids);
        const std::vector<float> expiries = Copied(rows).expiries(centroids, labels);
        for (int64_t i = 0; i < rows.n; ++i) {
          const oracle::Nearest nearest = oracle::nearest(rows, i, centroids);
          const bool differs = nearest.first != labels[size_t(i)];
          wrong += differs;
          proved += expiries[size_t(i)] > 0;
          ++all;
          if (differs) {
            ASSERT_EQ(expiries[size_t(i)], 0.0f) << i;
          }
          ASSERT_LE(double(expiries[size_t(i)]), std::sqrt(nearest.second_d2) - std::sqrt(nearest.first_d2)) << i;
        }
      }
  EXPECT_GT(wrong, all / 100);
  EXPECT_GT(proved, all / 10);
}

TEST(RenewedBounds, ProveNearlyEveryRowOfSeparatedGroupsAndForLong) {
  const oracle::Shape shape{Kind::mixture, 4007, 9, 8};
  const oracle::Rows rows = oracle::make_rows(shape);
  const oracle::Centroids centroids = oracle::make_centroids(shape, rows, 0);
  const std::vector<int32_t> labels = oracle::labels(rows, centroids);
  Copied copied(rows);
  const std::vector<float> expiries = copied.expiries(centroids, labels);
  int64_t proved = 0, close = 0;
  for (int64_t i = 0; i < rows.n; ++i) {
    const oracle::Nearest nearest = oracle::nearest(rows, i, centroids);
    const double slack = std::sqrt(nearest.second_d2) - std::sqrt(nearest.first_d2);
    proved += expiries[size_t(i)] > 0;
    close += double(expiries[size_t(i)]) > 0.5 * slack;
  }
  EXPECT_GT(proved, rows.n * 8 / 10);
  EXPECT_GT(close, rows.n / 2);
  std::vector<int32_t> others = labels;
  for (int32_t& label : others) label = (label + 1) % shape.k;
  for (const float expiry : copied.expiries(centroids, others)) ASSERT_EQ(expiry, 0.0f);
  for (int32_t& label : others) label = -1;
  for (const float expiry : copied.expiries(centroids, others)) ASSERT_EQ(expiry, 0.0f);
}

/// A fit over rows on pinned pages of the host, several blocks of them: what a pass does not ask for is NaN.
struct Streamed {
  Streamed(const oracle::Rows& all, int64_t block_rows, bool compressed) : backend(make_backend(0, {})) {
    for (int64_t first = 0; first < all.n; first += block_rows) {
      parts.push_back(contract::part(all, first, std::min(all.n, first + block_rows)));
      const oracle::Rows& rows = parts.back();
      blocks.push_back(backend->make_paged_rows(first, rows.n, rows.d, false, "rows"));
      EXPECT_EQ(backend->keep_compressed(*blocks.back(), compressed), compressed);
      pages.emplace_back(page_bytes(rows), "a page");
      lay_out(rows, pages.back().as<float>());
      patchy.emplace_back(page_bytes(rows), "a page");
      EXPECT_TRUE(backend->pin(patchy.back().as<std::byte>(), static_cast<int64_t>(page_bytes(rows))));
    }
  }
  ~Streamed() {
    for (const PageBuffer& page : patchy) backend->unpin(page.as<std::byte>());
  }

  PassResult pass(const Loop& loop) {
    auto pass = backend->assign_ops().start(loop.state().centroids, loop.scales, &loop.drift);
    std::vector<std::vector<LocalRows>> wanted(blocks.size());
    for (size_t i = 0; i < blocks.size(); ++i) pass->rows_to_read(*blocks[i], wanted[i]);
    asked = 0;
    for (size_t i = 0; i < blocks.size(); ++i) {
      auto* page = patchy[i].as<float>();
      std::memset(page, 0xFF, page_bytes(parts[i]));
      for (const LocalRows& range : wanted[i]) {
        const int64_t begin = tiled_index(range.first / kTileRows * kTileRows, parts[i].d);
        const int64_t end = tiled_size(range.last, parts[i].d);
        std::memcpy(page + begin, pages[i].as<float>() + begin, static_cast<size_t>(end - begin) * sizeof(float));
        asked += range.last - range.first;
      }
      if (!wanted[i].empty()) {
        const int64_t bytes = backend->lend_rows(*blocks[i], patchy[i].as<std::byte>(), wanted[i]);
        in_place += bytes < static_cast<int64_t>(page_bytes(parts[i]));
      }
      pass->add(*blocks[i]);
      if (!wanted[i].empty()) backend->lend_page(*blocks[i], nullptr);
    }
    return pass->finish();
  }

  std::unique_ptr<Backend> backend;
  std::vector<oracle::Rows> parts;
  contract::Blocks blocks;
  std::vector<PageBuffer> pages, patchy;
  int64_t asked = 0;     ///< rows, in the last pass
  int64_t in_place = 0;  ///< blocks that were not copied
};

/// What the rounds after the first asked for.
struct Rounds {
  int64_t asked = 0, moved = 0, in_place = 0;
  int64_t moved_in_parts = 0;  ///< in passes that did not ask for all rows
};

Rounds expect_same_rounds(const oracle::Rows& rows, std::vector<float> start, int rounds, bool compressed = true) {
  Streamed streamed(rows, 1024, compressed);
  const auto plain = make_backend(0, {.fused = false, .bounds = false});
  contract::Blocks resident;
  resident.push_back(plain->make_rows(0, rows.n, rows.d, false, "rows"));
  std::vector<double> columns(rows.x.size());
  std::vector<FeatureTransform> identity(static_cast<size_t>(rows.d));
  for (int j = 0; j < rows.d; ++j) {
    identity[static_cast<size_t>(j)].source = j;
    for (int64_t i = 0; i < rows.n; ++i) columns[size_t(j * rows.n + i)] = double(rows.row(i)[j]);
  }
  plain->column_ops().transform({columns.data(), rows.n, rows.d, rows.n}, identity, {}, *resident[0], 0);
  Loop loop(std::move(start), rows.d, oracle::scales(rows));
  Rounds seen;
  for (int round = 0; round < rounds; ++round) {
    SCOPED_TRACE(round);
    const PassResult expected = loop.pass(plain->assign_ops(), resident), found = streamed.pass(loop);
    contract::expect_same_pass(found, expected);
    EXPECT_EQ(contract::labels_of(streamed.backend->assign_ops(), streamed.blocks),
              contract::labels_of(plain->assign_ops(), resident));
    if (testing::Test::HasFailure()) return seen;
    loop.take(found);
    if (round == 0) {
      EXPECT_EQ(streamed.asked, rows.n);
      continue;
    }
    seen.asked += streamed.asked;
    seen.moved += found.moved;
    seen.moved_in_parts += streamed.asked < rows.n ? found.moved : 0;
  }
  seen.in_place = streamed.in_place;
  return seen;
}

Rounds expect_same_rounds(const oracle::Shape& shape, int rounds, bool compressed = true) {
  SCOPED_TRACE(oracle::name(shape));
  oracle::Rows rows = oracle::make_rows(shape);
  for (float& x : rows.x) x = std::fabs(x) < 0x1p-50f ? 0.0f : x;  // as features are
  return expect_same_rounds(rows, oracle::make_centroids(shape, rows, 0).x, rounds, compressed);
}

TEST(CompressedRounds, GiveTheSameBytesOnHardRows) {
  for (const int k : {2, 8, 20, 64}) {
    expect_same_rounds({Kind::mixture, 2503, 5, k}, 6);
    expect_same_rounds({Kind::bisector, 1203, 7, k}, 4);
    expect_same_rounds({Kind::lattice, 1203, 3, k}, 5);
  }
  expect_same_rounds({Kind::equal, 700, 4, 3}, 4);
  expect_same_rounds({Kind::huge, 1203, 6, 5}, 4);
  expect_same_rounds({Kind::tiny, 1203, 8, 5}, 4);
  expect_same_rounds({Kind::offset, 1203, 9, 8}, 5);
}

TEST(CompressedRounds, GiveTheSameBytesWhereEveryValueRoundsAlike) {
  oracle::Rows rows{1500, 4, {}, {}, 0};
  for (int64_t i = 0; i < rows.n * 4; ++i)
    rows.x.push_back(static_cast<float>(1 + 0x1p-9 * oracle::uniform(3, static_cast<uint64_t>(i))));
  const Rounds seen = expect_same_rounds(rows, {rows.x.begin(), rows.x.begin() + 12}, 5);
  EXPECT_EQ(seen.asked, 4 * rows.n);
  EXPECT_GT(seen.moved, 0);
}

/// Without structure many rows move, next to the borders: tiles are asked for here and there.
TEST(CompressedRounds, GiveTheSameBytesWhereRowsMove) {
  oracle::Rows rows{6007, 3, {}, {}, 0};
  for (int64_t i = 0; i < rows.n * 3; ++i)
    rows.x.push_back(static_cast<float>(4 * oracle::uniform(77, static_cast<uint64_t>(i)) - 2));
  const Rounds seen = expect_same_rounds(rows, {rows.x.begin(), rows.x.begin() + 12}, 24);
  EXPECT_GT(seen.moved_in_parts, 0);
  EXPECT_LT(seen.asked, 23 * rows.n);
}

TEST(CompressedRounds, AskForFewRowsOfSeparatedGroups) {
  oracle::Rows rows{8003, 8, {}, {}, 0};
  std::vector<float> start;
  for (int64_t i = 0; i < rows.n; ++i)
    for (int j = 0; j < 8; ++j) {
      const double noise = oracle::uniform(41, static_cast<uint64_t>(i * 8 + j)) - 0.5;
      const bool raised = i * 8 / rows.n == j;  // eight groups that lie together
      rows.x.push_back(static_cast<float>(noise + (raised ? 3 : -1)));
    }
  for (int c = 0; c < 8; ++c)
    for (int j = 0; j < 8; ++j) start.push_back(rows.row(c * 1000 + 7)[j]);
  const Rounds seen = expect_same_rounds(rows, start, 6), streamed = expect_same_rounds(rows, start, 6, false);
  EXPECT_LT(seen.asked, 5 * rows.n / 50);
  EXPECT_GT(streamed.asked, seen.asked + rows.n / 2) << "the first bounds take a read otherwise";
}

TEST(CompressedRounds, FewRowsAreReadWhereTheyLie) {
  oracle::Rows rows{6007, 6, {}, {}, 0};
  for (int64_t i = 0; i < rows.n; ++i)
    for (int j = 0; j < 6; ++j) {
      const double noise = oracle::uniform(43, static_cast<uint64_t>(i * 6 + j)) - 0.5;
      const bool between = i % 1024 < 40;  // two tiles of a block
      rows.x.push_back(static_cast<float>(noise + (between ? 0 : i % 2 == 0 ? 3 : -3)));
    }
  const Rounds seen = expect_same_rounds(rows, {rows.x.begin() + 600, rows.x.begin() + 612}, 6);
  EXPECT_GT(seen.in_place, 0);
  EXPECT_LT(seen.asked, rows.n);
}

TEST(KeepCompressed, GivesWayWhereMemoryRunsOutOrIsOfNoUse) {
  const auto backend = make_backend(0, {});
  const auto paged = backend->make_paged_rows(0, 5000, 8, false, "rows");
  const auto weighted = backend->make_paged_rows(0, 5000, 8, true, "rows");
  const auto resident = backend->make_rows(0, 5000, 8, false, "rows");
  EXPECT_FALSE(backend->keep_compressed(*weighted, true));
  EXPECT_FALSE(backend->keep_compressed(*resident, true));
  const int64_t before = backend->facts().memory_bytes, copy = backend->compressed_bytes(5000, 8, 5);
  EXPECT_EQ(copy, 5024 * (16 + 4));
  EXPECT_TRUE(backend->keep_compressed(*paged, true));
  EXPECT_EQ(backend->facts().memory_bytes, before - copy);
  EXPECT_FALSE(backend->keep_compressed(*paged, false));
  EXPECT_EQ(backend->facts().memory_bytes, before);
  stand_in::limit_memory(copy - 1);
  EXPECT_FALSE(backend->keep_compressed(*paged, true));
  stand_in::limit_memory(-1);
  EXPECT_EQ(backend->facts().memory_bytes, before);

  EXPECT_EQ(backend->compressed_bytes(5000, 8, 1), 0);
  EXPECT_EQ(backend->compressed_bytes(5000, 3, 8), 0) << "no smaller than the features";
  EXPECT_EQ(backend->compressed_bytes(5000, 64, 1000), 0) << "such a model's passes have no bounds";
  EXPECT_EQ(make_backend(0, {.bounds = false})->compressed_bytes(5000, 8, 5), 0);
}

/// Its next rows may be read into it, and it may be unpinned.
TEST(LookAt, ThePageIsTheHostsAgainOnceItIsTakenBack) {
  const oracle::Rows rows = oracle::make_rows({Kind::mixture, 100, 3, 2});
  Copied copied(rows);
  ASSERT_TRUE(copied.device.pin(copied.page.as<std::byte>(), static_cast<int64_t>(copied.page.bytes())));
  copied.block.look_at(copied.page.as<float>());
  copied.block.compress();
  EXPECT_FALSE(stand_in::host_has_waited(copied.page.as<float>())) << "a kernel reads it";
  copied.block.set_page(nullptr);
  EXPECT_TRUE(stand_in::host_has_waited(copied.page.as<float>()));
  copied.device.unpin(copied.page.as<std::byte>());
}

TEST(LookAt, RefusesWritesAndEndsWithTheNextPage) {
  const oracle::Rows rows = oracle::make_rows({Kind::mixture, 100, 3, 2});
  Copied copied(rows);
  copied.block.look_at(copied.page.as<float>());
  EXPECT_TRUE(copied.block.has_features());
  EXPECT_FALSE(copied.block.can_compress());
  EXPECT_EQ(copied.block.view().values, copied.page.as<float>());
  EXPECT_THROW(copied.block.writable_view(), Error);
  EXPECT_NE(copied.block.compressed(), nullptr);
  copied.block.set_page(copied.page.as<float>());
  EXPECT_NE(copied.block.view().values, copied.page.as<float>());
  copied.block.writable_view();
  EXPECT_EQ(copied.block.compressed(), nullptr) << "the features may have changed";
  copied.block.set_page(nullptr);
  EXPECT_FALSE(copied.block.has_features());
}

}  // namespace
}  // namespace clientele::gpu
