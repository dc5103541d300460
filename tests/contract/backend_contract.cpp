#include "tests/contract/backend_contract.h"

#include <algorithm>

#include "tests/contract/paged_backend.h"

namespace clientele::contract {

using oracle::Kind;
using oracle::Shape;

namespace {

/// Every d of {1, 2, 3, 7, 8, 16, 17, 64, 130, 1030} and k of {1, 2, 3, 5, 6, 7, 16, 33, 257, 1030}; rows that fill no
/// tile, no lane group, or several blocks.
const Shape kShapes[] = {
    {Kind::mixture, 1, 1, 1},
    {Kind::mixture, 15, 2, 2},
    {Kind::mixture, 16, 3, 3},
    {Kind::mixture, 63, 8, 6},
    {Kind::mixture, 64, 16, 7, true},
    {Kind::mixture, 65, 17, 16},
    {Kind::mixture, 300, 64, 33},
    {Kind::mixture, 40, 130, 257},
    {Kind::mixture, 3001, 8, 7},
    {Kind::mixture, 65536 + 129, 3, 5},
    {Kind::mixture, 131072 + 17, 2, 3},
    {Kind::mixture, 70000, 1, 2, true},
    {Kind::lattice, 1000, 2, 7},
    {Kind::lattice, 500, 3, 33, true},
    {Kind::lattice, 333, 7, 5},
    {Kind::bisector, 900, 1, 6},
    {Kind::bisector, 900, 16, 3},
    {Kind::bisector, 500, 64, 16},
    {Kind::equal, 200, 3, 6},
    {Kind::equal, 100, 7, 2, true},
    {Kind::huge, 600, 8, 5},
    {Kind::huge, 301, 17, 3, true},
    {Kind::huge, 100, 2, 7},
    {Kind::tiny, 500, 8, 5},
    {Kind::tiny, 65, 1, 2},
    {Kind::offset, 1000, 16, 6},
    {Kind::offset, 2000, 2, 16},
    {Kind::mixture, 33, 1030, 2},
    {Kind::mixture, 40, 2, 1030},
};

Case make_case(const Shape& shape) {
  Case c{shape, oracle::make_rows(shape), {}, {}, {}, {}};
  for (int set = 0; set < 2; ++set) {
    c.centroids[set] = oracle::make_centroids(shape, c.rows, set);
    for (int64_t i = 0; i < c.rows.n; ++i) {
      c.nearest[set].push_back(oracle::nearest(c.rows, i, c.centroids[set]));
      c.labels[set].push_back(c.nearest[set].back().first);
    }
  }
  c.scales = oracle::scales(c.rows);
  return c;
}

}  // namespace

const std::vector<Case>& cases() {
  static const std::vector<Case> all = [] {
    std::vector<Case> made;
    std::transform(std::begin(kShapes), std::end(kShapes), std::back_inserter(made), make_case);
    return made;
  }();
  return all;
}

std::unique_ptr<RowBlock> BackendContract::load(const oracle::Rows& rows) {
  auto block = backend().make_rows(rows.first_row, rows.n, rows.d, !rows.m.empty(), "rows of a contract test");
  std::vector<double> columns(rows.x.size());
  for (int64_t i = 0; i < rows.n; ++i)
    for (int j = 0; j < rows.d; ++j) columns[size_t(j * rows.n + i)] = double(rows.row(i)[j]);
  const ColumnsView<const double> all{columns.data(), rows.n, rows.d, rows.n};
  std::vector<FeatureTransform> identity(static_cast<size_t>(rows.d));
  for (int j = 0; j < rows.d; ++j) identity[size_t(j)].source = j;
  for (int64_t begin = 0; begin < rows.n;) {
    const int64_t count = std::min<int64_t>(rows.n - begin, begin == 0 ? 21 : 30011);
    const auto tally = backend().column_ops().transform(all.slice(begin, count), identity, {}, *block, begin);
    EXPECT_EQ(tally.non_finite, 0);
    begin += count;
  }
  if (!rows.m.empty()) backend().sample_ops().set_weights(*block, rows.m);
  if (auto* paged = dynamic_cast<PagedBackend*>(&backend())) paged->turn(*block);
  return block;
}

std::unique_ptr<RowBlock> BackendContract::load_labelled(const Case& c, int set) {
  auto block = load(c.rows);
  AssignOps& ops = backend().assign_ops();
  ops.clear_labels(*block);
  auto pass = ops.start(view(c, set), c.scales);
  pass->add(*block);
  pass->finish();
  return block;
}

INSTANTIATE_TEST_SUITE_P(Each, BackendContract, testing::ValuesIn(contract_backends()),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace clientele::contract
