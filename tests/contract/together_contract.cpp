// Rounds of several models that share each read of the rows against the same rounds of each model alone.
#include "tests/contract/lloyd_loop.h"

namespace clientele::contract {

namespace {

/// Models on label sets of the same rows.
struct Side {
  explicit Side(Blocks rows) : blocks(std::move(rows)) {}

  void use(AssignOps& ops, size_t model) const {
    for (const auto& block : blocks) ops.use_labels(*block, static_cast<int>(model));
  }
  std::vector<int32_t> labels(AssignOps& ops, size_t model) const {
    use(ops, model);
    return labels_of(ops, blocks);
  }
  PassResult pass(AssignOps& ops, size_t model) const {
    use(ops, model);
    return models[model].pass(ops, blocks);
  }

  Blocks blocks;
  std::vector<Loop> models;
};

/// What the calls have shown.
struct Shown {
  int64_t rounds = 0;  ///< that were made
  int64_t early = 0;   ///< models that ended before others
  int64_t empty = 0;   ///< and of them those with an empty segment
};

/// One model's results beside passes of its own. Returns whether it goes on.
bool compare(AssignOps& ops, size_t m, const std::vector<PassResult>& found, Side& fast, Side& slow, Shown& shown) {
  bool goes_on = true;
  for (const PassResult& result : found) {
    EXPECT_TRUE(goes_on) << "a round after the end";
    const PassResult expected = slow.pass(ops, m);
    expect_same_pass(result, expected);
    goes_on = fast.models[m].take(result);
    slow.models[m].take(expected);
    ++shown.rounds;
  }
  EXPECT_SAME_BYTES(fast.labels(ops, m), slow.labels(ops, m));
  EXPECT_SAME_BYTES(fast.models[m].centroids, slow.models[m].centroids);
  const std::vector<int64_t>& counts = fast.models[m].counts;
  shown.early += goes_on ? 0 : 1;
  shown.empty += !found.empty() && std::find(counts.begin(), counts.end(), 0) != counts.end() ? 1 : 0;
  return goes_on && !found.empty();
}

/// Calls with other numbers of rounds a model and call, until no model goes on.
Shown compare_calls(AssignOps& ops, Side& fast, Side& slow) {
  Shown shown;
  std::vector<size_t> open(fast.models.size());
  for (size_t m = 0; m < open.size(); ++m) open[m] = m;
  for (int64_t call = 0; call < 4 && !open.empty(); ++call) {
    std::vector<ModelRounds> asked;
    for (const size_t m : open)
      asked.push_back({fast.models[m].state(), static_cast<int>(m), 1 + (static_cast<int64_t>(m) + call) % 4});
    const std::vector<std::vector<PassResult>> found = ops.rounds_together(fast.blocks, asked);
    EXPECT_EQ(found.size(), asked.size());
    std::vector<size_t> left;
    for (size_t i = 0; i < found.size(); ++i) {
      SCOPED_TRACE("model " + std::to_string(open[i]) + ", call " + std::to_string(call));
      EXPECT_LE(static_cast<int64_t>(found[i].size()), asked[i].most);
      if (compare(ops, open[i], found[i], fast, slow, shown)) left.push_back(open[i]);
    }
    open = std::move(left);
  }
  return shown;
}

/// Starts of k = 1 to 20 at rows of the data, and one with a centroid that no row is near. k = 1 is at rest after a
/// round.
std::vector<std::vector<float>> starts(const oracle::Rows& rows) {
  std::vector<std::vector<float>> all;
  for (int64_t k = 1; k <= 20; ++k) {
    all.emplace_back();
    for (int64_t c = 0; c < k; ++c) {
      const float* row = rows.row(c * (rows.n / 21));
      all.back().insert(all.back().end(), row, row + rows.d);
    }
  }
  all.push_back(all[4]);
  std::fill_n(all.back().begin(), rows.d, 1e6f);
  return all;
}

}  // namespace

TEST_P(BackendContract, RoundsTogetherEqualOneModelAfterTheOther) {
  using oracle::Kind;
  AssignOps& ops = backend().assign_ops();
  Shown all;
  // 40 features: more than one batch of models for the shared memory of any card.
  for (const oracle::Shape& shape : {oracle::Shape{Kind::mixture, 1201, 5, 6}, oracle::Shape{Kind::mixture, 333, 40, 9},
                                     oracle::Shape{Kind::lattice, 300, 3, 7}, oracle::Shape{Kind::bisector, 150, 16, 3},
                                     oracle::Shape{Kind::equal, 70, 3, 6}, oracle::Shape{Kind::huge, 200, 8, 5}}) {
    for (const bool halves : {false, true}) {
      if (halves && shape.d > 3) continue;
      SCOPED_TRACE(oracle::name(shape) + (halves ? " in two blocks" : ""));
      const oracle::Rows rows = oracle::make_rows(shape);
      const auto side = [&] {
        const int64_t middle = halves ? rows.n / 2 : 0;
        Blocks blocks;
        if (middle > 0) blocks.push_back(load(part(rows, 0, middle)));
        blocks.push_back(load(part(rows, middle, rows.n)));
        Side made(std::move(blocks));
        for (std::vector<float>& start : starts(rows))
          made.models.emplace_back(std::move(start), rows.d, oracle::scales(rows));
        return made;
      };
      Side fast = side(), slow = side();
      const Shown shown = compare_calls(ops, fast, slow);
      all.rounds += shown.rounds;
      all.early += shown.early;
      all.empty += shown.empty;
    }
  }
  if (!GetParam().name.starts_with("cuda")) return;  // the others may do without
  EXPECT_GT(all.rounds, 500);
  EXPECT_GT(all.early, 50);
  EXPECT_GT(all.empty, 20);
}

TEST_P(BackendContract, RoundsTogetherLeaveAloneWhatTheyCannotDo) {
  AssignOps& ops = backend().assign_ops();
  for (const bool weighted : {false, true}) {
    const oracle::Shape shape{oracle::Kind::mixture, 64, 16, 7, weighted};
    const oracle::Rows rows = oracle::make_rows(shape);
    Side side({});
    side.blocks.push_back(load(rows));
    for (int i = 0; i < 2; ++i)
      side.models.emplace_back(std::vector<float>(rows.row(0), rows.row(7)), rows.d, oracle::scales(rows));
    std::vector<ModelRounds> asked;
    for (size_t m = 0; m < side.models.size(); ++m) asked.push_back({side.models[m].state(), static_cast<int>(m), 3});
    if (!weighted) asked.pop_back();  // nobody to share with
    for (const std::vector<PassResult>& results : ops.rounds_together(side.blocks, asked)) EXPECT_TRUE(results.empty());
    for (size_t m = 0; m < side.models.size(); ++m)
      EXPECT_EQ(side.labels(ops, m), std::vector<int32_t>(static_cast<size_t>(rows.n), -1));
  }
}

}  // namespace clientele::contract
