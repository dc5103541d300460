// Blocks whose features are in memory only now and then: what works between pages, that a page serves many blocks, and
// what a bounded pass reads. For backends with pages.
#include <cstring>
#include <numeric>

#include "clientele/base/errors.h"
#include "clientele/base/page_buffer.h"
#include "tests/contract/backend_contract.h"

namespace clientele::contract {

namespace {

constexpr oracle::Shape kShape{oracle::Kind::mixture, 6007, 5, 6};

const oracle::Rows& shape_rows() {
  static const oracle::Rows rows = oracle::make_rows(kShape);
  return rows;
}

/// The rows from `begin` on.
void fill(Backend& backend, const oracle::Rows& rows, int64_t begin, RowBlock& block) {
  const int64_t n = block.rows();
  std::vector<double> columns(static_cast<size_t>(n * rows.d));
  for (int64_t i = 0; i < n; ++i)
    for (int j = 0; j < rows.d; ++j) columns[size_t(j * n + i)] = double(rows.row(begin + i)[j]);
  std::vector<FeatureTransform> identity(static_cast<size_t>(rows.d));
  for (int j = 0; j < rows.d; ++j) identity[size_t(j)].source = j;
  backend.column_ops().transform({columns.data(), n, rows.d, n}, identity, {}, block, 0);
}

PageBuffer page_of(Backend& backend, const RowBlock& block) {
  return {static_cast<size_t>(backend.page_layout(block.d()).bytes(block.rows())), "a page"};
}

/// The rows on a page.
struct Paged {
  Paged(Backend& owner, const oracle::Rows& rows)
      : backend(owner), block(backend.make_paged_rows(0, rows.n, rows.d, false, "rows")), page(page_of(owner, *block)) {
    lend();
    fill(backend, rows, 0, *block);
  }
  void lend() { backend.lend_page(*block, page.as<std::byte>()); }
  void take_back() { backend.lend_page(*block, nullptr); }

  Backend& backend;
  std::unique_ptr<RowBlock> block;
  PageBuffer page;
};

std::unique_ptr<RowBlock> whole(Backend& backend, const oracle::Rows& rows) {
  auto block = backend.make_rows(0, rows.n, rows.d, false, "rows");
  fill(backend, rows, 0, *block);
  return block;
}

std::vector<int32_t> labels_of(Backend& backend, const RowBlock& rows) {
  std::vector<int32_t> labels(static_cast<size_t>(rows.rows()));
  backend.assign_ops().copy_labels(rows, labels);
  return labels;
}

std::vector<float> values_of(Backend& backend, const RowBlock& rows) {
  std::vector<int64_t> all(static_cast<size_t>(rows.rows()));
  std::iota(all.begin(), all.end(), int64_t{0});
  std::vector<float> values(all.size() * static_cast<size_t>(rows.d()));
  backend.sample_ops().fetch(rows, all, {values.data(), rows.rows(), rows.d()});
  return values;
}

ErrorKind kind_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "nothing thrown";
  return ErrorKind::files;
}

class PagesContract : public BackendContract {};

/// Those that do not lend pages themselves.
std::vector<Maker> backends_with_pages() {
  std::vector<Maker> makers = contract_backends();
  std::erase_if(makers, [](const Maker& maker) { return maker.make().backend->page_layout(1).group_rows == 0; });
  return makers;
}

}  // namespace

TEST_P(PagesContract, SlotsWorkBetweenPages) {
  const oracle::Rows& rows = shape_rows();
  Paged paged(backend(), rows);
  const auto resident = backend().make_rows(0, rows.n, rows.d, false, "rows");
  paged.take_back();
  SampleOps& ops = backend().sample_ops();
  std::vector<std::pair<uint64_t, int64_t>> expected, found;
  ops.smallest_keys(*resident, {.seed = 3}, 20, expected);
  ops.smallest_keys(*paged.block, {.seed = 3}, 20, found);
  EXPECT_EQ(found, expected);
  const std::vector<RandomKey> keys = {{.seed = 5}, {.seed = 6}};
  std::vector<Draw> drawn(2, {INFINITY, -1}), wanted = drawn;
  for (RowBlock* block : {resident.get(), paged.block.get()}) {
    ops.start_seeding(*block);
    ops.draw(*block, keys, block == resident.get() ? wanted : drawn);
    ops.end_seeding(*block);
  }
  EXPECT_EQ(drawn[0].row, wanted[0].row);
  EXPECT_EQ(drawn[1].key, wanted[1].key);
  backend().assign_ops().clear_labels(*paged.block);
  EXPECT_EQ(labels_of(backend(), *paged.block), std::vector<int32_t>(6007, -1));
  ops.fetch(*paged.block, {}, {nullptr, 0, 5});
}

TEST_P(PagesContract, FeaturesBetweenPagesAreAFault) {
  const oracle::Rows& rows = shape_rows();
  const oracle::Centroids centroids = oracle::make_centroids(kShape, rows, 0);
  Paged paged(backend(), rows);
  paged.take_back();
  EXPECT_EQ(kind_of([&] { backend().column_ops().max_abs(*paged.block); }), ErrorKind::internal);
  std::vector<float> out(5);
  const std::vector<int64_t> one = {7};
  EXPECT_EQ(kind_of([&] { backend().sample_ops().fetch(*paged.block, one, {out.data(), 1, 5}); }), ErrorKind::internal);
  auto pass = backend().assign_ops().start({centroids.x.data(), 6, 5}, oracle::scales(rows));
  EXPECT_EQ(kind_of([&] { pass->add(*paged.block); }), ErrorKind::internal);
}

TEST_P(PagesContract, WhatOperationsLeaveComesBack) {
  const oracle::Rows& rows = shape_rows();
  Paged paged(backend(), rows);
  const auto resident = whole(backend(), rows);
  const std::vector<double> means = {1, -2, 3, 0.5, 1e-3};
  for (int step = 0; step < 4; ++step) {
    SCOPED_TRACE(step);
    for (RowBlock* block : {resident.get(), paged.block.get()}) {
      if (step == 1) backend().column_ops().centre(*block, means);
      if (step == 2) backend().column_ops().unit_rows(*block);
    }
    paged.take_back();
    PageBuffer moved = page_of(backend(), *paged.block);
    std::memcpy(moved.as<std::byte>(), paged.page.as<std::byte>(), moved.bytes());
    std::memset(paged.page.as<std::byte>(), 0xFF, moved.bytes());
    paged.page = std::move(moved);
    paged.lend();
    EXPECT_SAME_BYTES(values_of(backend(), *paged.block), values_of(backend(), *resident));
  }
}

/// One page of the caller's serves all blocks in turns, and is overwritten as soon as it is taken back.
TEST_P(PagesContract, OnePageServesManyBlocks) {
  const oracle::Rows& rows = shape_rows();
  const std::vector<double> scales = oracle::scales(rows);
  const oracle::Centroids centroids = oracle::make_centroids(kShape, rows, 1);
  const CentroidsView view{centroids.x.data(), 6, 5};
  std::vector<std::unique_ptr<RowBlock>> blocks;
  std::vector<PageBuffer> stored;
  for (const auto& [begin, count] : {std::pair<int64_t, int64_t>{0, 2000}, {2000, 1}, {2001, 3000}, {5001, 1006}}) {
    blocks.push_back(backend().make_paged_rows(begin, count, rows.d, false, "rows"));
    stored.push_back(page_of(backend(), *blocks.back()));
    backend().lend_page(*blocks.back(), stored.back().as<std::byte>());
    fill(backend(), rows, begin, *blocks.back());
    backend().lend_page(*blocks.back(), nullptr);
  }
  PageBuffer shared = page_of(backend(), *blocks[2]);
  const bool pinned = backend().pin(shared.as<std::byte>(), static_cast<int64_t>(shared.bytes()));
  const auto resident = whole(backend(), rows);
  for (int pass = 0; pass < 3; ++pass) {
    auto expected = backend().assign_ops().start(view, scales), found = backend().assign_ops().start(view, scales);
    expected->add(*resident);
    for (size_t i = 0; i < blocks.size(); ++i) {
      std::memcpy(shared.as<std::byte>(), stored[i].as<std::byte>(), stored[i].bytes());
      backend().lend_page(*blocks[i], shared.as<std::byte>());
      found->add(*blocks[i]);
      backend().lend_page(*blocks[i], nullptr);
      std::memset(shared.as<std::byte>(), 0xFF, shared.bytes());
    }
    const PassResult all = expected->finish(), parts = found->finish();
    EXPECT_EQ(parts.counts, all.counts);
    EXPECT_EQ(parts.moved, all.moved);
    for (size_t i = 0; i < all.sums.size(); ++i) ASSERT_EQ(parts.sums[i].value(), all.sums[i].value());
    std::vector<int32_t> labels;
    for (const auto& block : blocks)
      for (const int32_t label : labels_of(backend(), *block)) labels.push_back(label);
    EXPECT_EQ(labels, labels_of(backend(), *resident));
  }
  if (pinned) backend().unpin(shared.as<std::byte>());
}

/// A copy that is under way when a page is taken back would read memory that is gone.
TEST_P(PagesContract, APageMayGoAsSoonAsItIsTakenBack) {
  const oracle::Rows& rows = shape_rows();
  Paged paged(backend(), rows);
  const auto resident = whole(backend(), rows);
  paged.take_back();
  for (int i = 0; i < 3; ++i) {
    PageBuffer unused = page_of(backend(), *paged.block);
    backend().lend_page(*paged.block, unused.as<std::byte>());
    paged.take_back();
  }
  paged.lend();
  EXPECT_SAME_BYTES(values_of(backend(), *paged.block), values_of(backend(), *resident));
}

/// What is being copied to the device must not be released there before.
TEST_P(PagesContract, ABlockMayGoWhileAPageIsLent) {
  Paged paged(backend(), shape_rows());
  paged.take_back();
  paged.lend();
  paged.block.reset();
}

/// What bounded passes asked for, and what moved in those that did not ask for all rows.
struct Asked {
  int partial = 0, without = 0;
  int64_t moved = 0;
};

/// The centroids creep, so that bounds expire here and there; what a pass does not ask for is NaN on the page. With
/// `compressed` the backend keeps a copy of the rows.
void creep(Backend& backend, float share, bool compressed, Asked& all) {
  const oracle::Rows& rows = shape_rows();
  const std::vector<double> scales = oracle::scales(rows);
  Paged paged(backend, rows);
  paged.take_back();
  if (compressed) {
    ASSERT_TRUE(backend.keep_compressed(*paged.block, true));
  }
  const auto resident = whole(backend, rows);
  const PageLayout layout = backend.page_layout(rows.d);
  PageBuffer patchy = page_of(backend, *paged.block);
  const bool pinned = backend.pin(patchy.as<std::byte>(), static_cast<int64_t>(patchy.bytes()));
  std::vector<float> centroids = oracle::make_centroids(kShape, rows, 0).x;
  const std::vector<float> aim = oracle::make_centroids(kShape, rows, 1).x;
  Drift drift(6);
  for (int step = 0; step < 14; ++step) {
    SCOPED_TRACE(step);
    const CentroidsView now{centroids.data(), 6, 5};
    auto pass = backend.assign_ops().start(now, scales, &drift);
    std::vector<LocalRows> wanted;
    pass->rows_to_read(*paged.block, wanted);
    std::memset(patchy.as<std::byte>(), 0xFF, patchy.bytes());
    int64_t asked = 0;
    for (const LocalRows& range : wanted) {
      const int64_t begin = range.first / layout.group_rows * layout.group_bytes, end = layout.bytes(range.last);
      std::memcpy(patchy.as<std::byte>() + begin, paged.page.as<std::byte>() + begin, size_t(end - begin));
      asked += range.last - range.first;
    }
    if (asked > 0) backend.lend_rows(*paged.block, patchy.as<std::byte>(), wanted);
    pass->add(*paged.block);
    if (asked > 0) backend.lend_page(*paged.block, nullptr);
    const PassResult found = pass->finish();
    auto full = backend.assign_ops().start(now, scales);
    full->add(*resident);
    const PassResult expected = full->finish();
    ASSERT_EQ(labels_of(backend, *paged.block), labels_of(backend, *resident));
    ASSERT_EQ(found.moved, expected.moved);
    for (size_t i = 0; i < found.sums.size(); ++i) ASSERT_EQ(found.sums[i].value(), expected.sums[i].value());
    all.partial += asked > 0 && asked < rows.n ? 1 : 0;
    all.without += asked == 0 ? 1 : 0;
    all.moved += asked > 0 && asked < rows.n ? found.moved : 0;
    const std::vector<float> before = centroids;
    const float by = step % 4 == 3 ? 0.0f : share;
    for (size_t i = 0; i < centroids.size(); ++i) centroids[i] += by * (aim[i] - centroids[i]);
    drift.add(before, centroids, 5);
  }
  if (pinned) backend.unpin(patchy.as<std::byte>());
}

TEST_P(PagesContract, ABoundedPassReadsNoMoreThanItAskedFor) {
  const bool keeps_copies = backend().compressed_bytes(shape_rows().n, shape_rows().d, 6) > 0;
  for (const bool compressed : {false, true}) {
    if (compressed && !keeps_copies) continue;
    Asked all;
    for (const float share : {0.0025f, 0.005f, 0.01f, 0.02f, 0.04f}) {
      SCOPED_TRACE(testing::Message() << share << (compressed ? ", compressed" : ""));
      creep(backend(), share, compressed, all);
    }
    EXPECT_GT(all.partial, 0);
    EXPECT_GT(all.without, 0);
    EXPECT_GT(all.moved, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Each, PagesContract, testing::ValuesIn(backends_with_pages()),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace clientele::contract
