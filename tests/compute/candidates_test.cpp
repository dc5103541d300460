// Passes that compare tiles with lists of near centroids give what passes over all centroids give, at every SIMD level.
#include "src/compute/cpu/candidates.h"

#include <gtest/gtest.h>

#include "clientele/compute/backends.h"
#include "src/compute/cpu/listed_tile.h"
#include "tests/support/oracle.h"
#include "tests/support/row_makers.h"

namespace clientele {
namespace {

struct Scene {
  std::string name;
  int64_t n;
  int d, k;
  bool weighted = false;
  double outliers = 1;  ///< every 97th row, and one centroid, lie so many times as far out
  double grid = 0;      ///< rows lie on a grid this wide, so that many distances are equal
  int jump = 0;         ///< every so many rounds two centroids change places; 0: never
  double swing = 0.1;   ///< how far centroids wander in each coordinate
};

void PrintTo(const Scene& scene, std::ostream* out) {
  *out << scene.name;
}

/// A tile of points in the plane, and what its list says of them while centroids move about.
class Plane {
 public:
  static constexpr int kCentroids = 60, kMost = 24;

  explicit Plane(uint64_t seed) : seed_(seed), centroids_(2 * kCentroids), ids_(kMost), slacks_(kMost + 8) {
    for (float& x : centroids_) x = static_cast<float>(random());
    const double spread = 0.6 * std::pow(0.01, random());
    for (double& x : points_) x = 0.5 + spread * (random() - 0.5);
    for (int c = 0; c < kCentroids; ++c) pace_.push_back(0.00003 * std::pow(300.0, random()));
    for (int i = 0; i < kRows; ++i) labels_[i] = nearest(i);
  }

  void list() {
    std::vector<double> moved;
    for (const double pace : pace_) moved.push_back(pace * (0.5 + random()));
    drift_.start(view(), moved, 1 + 6 * random());
    const CandidatesView lists = look();
    std::vector<uint16_t> ids;
    std::vector<float> slacks;
    const float own = allowed_of(lists, labels_, kRows);
    for (int c = 0; c < kCentroids; ++c) {
      const bool label = std::find(labels_, labels_ + kRows, c) != labels_ + kRows;
      if (!label && slack(c) >= (own + lists.allowed[c]) * kMore * kMore) continue;
      ids.push_back(static_cast<uint16_t>(c));
      slacks.push_back(slack(c));
    }
    const int count = static_cast<int>(ids.size());
    ListedTile<PlainListLoops>(lists, 0).start(labels_, kRows, ids.data(), slacks.data(), count > kMost ? 0 : count);
  }

  /// Moves the centroids and asks the list, which must not leave out a centroid that is nearest now.
  void round() {
    std::vector<double> moved;
    const std::vector<float> before = centroids_;
    for (int c = 0; c < kCentroids; ++c) {
      const double angle = 6.3 * random(), step = pace_[static_cast<size_t>(c)] * (random() < 0.01 ? 30 : 2 * random());
      centroids_[static_cast<size_t>(2 * c)] += static_cast<float>(step * std::cos(angle));
      centroids_[static_cast<size_t>(2 * c + 1)] += static_cast<float>(step * std::sin(angle));
      moved.push_back(
          centroid_movement(&before[static_cast<size_t>(2 * c)], &centroids_[static_cast<size_t>(2 * c)], 2));
    }
    drift_.add(view(), moved);
    const CandidatesView lists = look();
    ListedTile<PlainListLoops> tile(lists, 0);
    WantedCentroids wanted(lists);
    if (tile.rests()) {
      ++rested;
    } else if (!tile.unlisted()) {
      tile.find_wanted(labels_, kRows, wanted);
    }
    const bool unlisted = tile.unlisted();
    bool relabelled = false;
    for (int i = 0; i < kRows; ++i) {
      const int32_t now = nearest(i);
      const auto end = wanted.ids.begin() + wanted.count;
      ASSERT_TRUE(unlisted || now == labels_[i] || std::find(wanted.ids.begin(), end, now) != end)
          << "row " << i << " went from " << labels_[i] << " to " << now;
      relabelled = relabelled || now != labels_[i];
      labels_[i] = now;
    }
    if (unlisted || wanted.count == 0) return;
    ++compared;
    for (size_t i = 0; i < static_cast<size_t>(wanted.count); ++i) wanted.slacks[i] = slack(wanted.ids[i]);
    tile.renew(wanted, labels_, kRows, relabelled);
  }

  int rested = 0, compared = 0;

 private:
  static constexpr int kRows = kTileRows;
  double random() { return oracle::uniform(seed_, draws_++); }
  CentroidsView view() const { return {centroids_.data(), kCentroids, 2}; }
  CandidatesView look() {
    CandidatesView lists = drift_.view();
    lists.tiles = &head_;
    lists.ids = ids_.data();
    lists.slacks = slacks_.data();
    lists.most = kMost;
    return lists;
  }
  double distance(int row, int c) const {
    return std::hypot(points_[2 * row] - static_cast<double>(centroids_[static_cast<size_t>(2 * c)]),
                      points_[2 * row + 1] - static_cast<double>(centroids_[static_cast<size_t>(2 * c + 1)]));
  }
  int32_t nearest(int row) const {
    int32_t best = 0;
    for (int32_t c = 1; c < kCentroids; ++c)
      if (distance(row, c) < distance(row, best)) best = c;
    return best;
  }
  /// Of the rows with other labels against c.
  float slack(int c) const {
    double least = HUGE_VAL;
    for (int i = 0; i < kRows; ++i)
      if (labels_[i] != c) least = std::min(least, distance(i, c) - distance(i, labels_[i]));
    return float_down(std::max(0.0, least * (1 - 1e-9)));
  }

  uint64_t seed_, draws_ = 0;
  std::vector<float> centroids_;
  double points_[2 * kRows];
  std::vector<double> pace_;
  int32_t labels_[kRows];
  CandidateDrift drift_;
  TileCandidates head_{};
  std::vector<uint16_t> ids_;
  std::vector<float> slacks_;
};

TEST(ListedTile, NeverLeavesOutTheNearest) {
  int rested = 0, compared = 0;
  for (uint64_t seed = 100; seed < 400; ++seed) {
    SCOPED_TRACE(seed);
    Plane plane(seed);
    for (int epoch = 0; epoch < 3; ++epoch) {
      plane.list();
      for (int round = 0; round < 12; ++round) ASSERT_NO_FATAL_FAILURE(plane.round());
    }
    rested += plane.rested;
    compared += plane.compared;
  }
  EXPECT_GT(rested, 250);
  EXPECT_GT(compared, 1000);
}

/// Overlapping groups of rows, feature by feature (column-major), as the source of a transform.
std::vector<double> make_values(const Scene& scene) {
  std::vector<double> values(static_cast<size_t>(scene.n * scene.d));
  for (int64_t i = 0; i < scene.n; ++i) {
    const uint64_t group = static_cast<uint64_t>(i * 7 % 11);
    for (int j = 0; j < scene.d; ++j) {
      const uint64_t at = static_cast<uint64_t>(i * scene.d + j);
      double x = oracle::uniform(1, group * 1000 + static_cast<uint64_t>(j)) - 0.5;
      for (uint64_t part = 2; part < 5; ++part) x += oracle::uniform(part, at) - 0.5;
      if (i % 97 == 5) x *= scene.outliers;
      if (scene.grid > 0) x = std::round(x / scene.grid) * scene.grid;
      values[static_cast<size_t>(j) * static_cast<size_t>(scene.n) + static_cast<size_t>(i)] = x;
    }
  }
  return values;
}

/// Passes over one block.
class Fit {
 public:
  Fit(Backend& backend, const Scene& scene, const std::vector<double>& values)
      : backend_(backend),
        scene_(scene),
        scales_(static_cast<size_t>(scene.d), fixed_scale(fixed_exponent(static_cast<float>(4 * scene.outliers)))),
        rows_(backend.make_rows(0, scene.n, scene.d, scene.weighted, "rows")) {
    std::vector<FeatureTransform> as_is(static_cast<size_t>(scene.d));
    for (size_t j = 0; j < as_is.size(); ++j) as_is[j].source = static_cast<int>(j);
    backend.column_ops().transform({values.data(), scene.n, scene.d, scene.n}, as_is, {}, *rows_, 0);
    for (int64_t i = 0; scene.weighted && i < scene.n; ++i) rows().weights()[i] = 1 + i % 3;
    backend.assign_ops().clear_labels(*rows_);
  }

  PassResult pass(const std::vector<float>& centroids, const Drift* drift) {
    const auto running = backend_.assign_ops().start({centroids.data(), scene_.k, scene_.d}, scales_, drift);
    running->add(*rows_);
    return running->finish();
  }
  CpuRows& rows() { return cpu_rows_in_any_order(*rows_); }
  std::vector<int32_t> labels() {
    backend_.assign_ops().end_fit(*rows_);
    std::vector<int32_t> out(static_cast<size_t>(scene_.n));
    backend_.assign_ops().copy_labels(*rows_, out);
    return out;
  }

 private:
  Backend& backend_;
  const Scene scene_;
  const std::vector<double> scales_;
  std::unique_ptr<RowBlock> rows_;
};

/// Where the centroids are in a round. Each swings about a row, some fast and some hardly at all, so that rows change
/// sides in every round and no bound holds for long.
std::vector<float> wander(const Scene& scene, const std::vector<double>& values, int round) {
  std::vector<float> centroids(static_cast<size_t>(scene.k * scene.d));
  for (int c = 0; c < scene.k; ++c) {
    const double pace = 0.01 * std::pow(20.0, oracle::uniform(7, static_cast<uint64_t>(c)));
    const int64_t row = (int64_t{c} * 41 + 5) % scene.n;
    for (int j = 0; j < scene.d; ++j) {
      const size_t at = static_cast<size_t>(c * scene.d + j);
      const double phase = 6 * oracle::uniform(8, at);
      centroids[at] = static_cast<float>(values[static_cast<size_t>(j * scene.n + row)] +
                                         scene.swing * std::sin(pace * round + phase));
    }
  }
  return centroids;
}

/// A few centroids change places with others now and then.
void jump(const Scene& scene, int round, std::vector<float>& centroids) {
  if (scene.jump == 0) return;
  for (int before = scene.jump; before <= round; before += scene.jump) {
    const auto first = centroids.begin() + int64_t{before * 3 % scene.k} * scene.d;
    std::swap_ranges(first, first + scene.d, centroids.begin() + int64_t{(before * 5 + 1) % scene.k} * scene.d);
  }
}

void expect_same(const PassResult& found, const PassResult& expected) {
  ASSERT_EQ(found.counts, expected.counts);
  ASSERT_EQ(found.rows, expected.rows);
  ASSERT_EQ(found.moved, expected.moved);
  for (size_t i = 0; i < expected.sums.size(); ++i) ASSERT_EQ(found.sums[i].value(), expected.sums[i].value()) << i;
}

class Lists : public testing::TestWithParam<Scene> {};

TEST_P(Lists, GiveWhatFullPassesGive) {
  const Scene& scene = GetParam();
  ASSERT_TRUE(lists_pay(scene.k, scene.d));
  const std::vector<double> values = make_values(scene);
  ThreadPool pool(2);
  const auto reference = make_cpu_backend(pool);
  for (const SimdLevel level : simd_levels()) {
    SCOPED_TRACE(simd_name(level));
    const auto backend = make_cpu_backend(pool, level);
    Fit listed(*backend, scene, values), full(*reference, scene, values);
    std::vector<float> centroids = wander(scene, values, 0);
    Drift drift(scene.k);
    int rounds_with_lists = 0, rounds_that_skip = 0;
    for (int round = 1; round <= 26; ++round) {
      SCOPED_TRACE(round);
      const PassResult found = listed.pass(centroids, &drift), expected = full.pass(centroids, nullptr);
      ASSERT_NO_FATAL_FAILURE(expect_same(found, expected));
      rounds_with_lists += listed.rows().bounds_order() >= 0 ? 1 : 0;
      rounds_that_skip += found.scanned < scene.n ? 1 : 0;
      const std::vector<float> before = centroids;
      centroids = wander(scene, values, round);
      jump(scene, round, centroids);
      drift.add(before, centroids, scene.d);
    }
    EXPECT_EQ(listed.rows().tile_bounds(), nullptr) << "these are bounds";
    EXPECT_GT(rounds_with_lists, 12);
    EXPECT_GT(rounds_that_skip, 1);
    EXPECT_EQ(listed.labels(), full.labels());
  }
}

INSTANTIATE_TEST_SUITE_P(Scenes, Lists,
                         testing::Values(Scene{.name = "groups", .n = 907, .d = 64, .k = 64},
                                         Scene{.name = "few_features", .n = 1507, .d = 8, .k = 512},
                                         Scene{.name = "weighted", .n = 1003, .d = 16, .k = 256, .weighted = true},
                                         Scene{.name = "outliers", .n = 907, .d = 64, .k = 64, .outliers = 3000},
                                         Scene{.name = "grid", .n = 907, .d = 43, .k = 96, .grid = 0.5},
                                         Scene{.name = "jumps", .n = 1103, .d = 64, .k = 64, .jump = 3},
                                         Scene{.name = "rare_jumps", .n = 1103, .d = 24, .k = 176, .jump = 11}),
                         [](const auto& scene) { return scene.param.name; });

/// A centroid that passes through 0, where many rows are: for one round their distance to it is 0, by which others are
/// as good as infinitely farther; soon after they are another one's.
TEST(Lists, HoldForRowsAtTheirCentroid) {
  const Scene scene{.name = "origin", .n = 320, .d = 64, .k = 64, .outliers = 5000, .swing = 1};
  std::vector<double> values = make_values(scene);
  for (double& x : values) x = std::clamp(5000 * x, -15000.0, 15000.0);
  for (int64_t i = 0; i < scene.n; i += 3)
    for (int j = 0; j < scene.d; ++j) values[static_cast<size_t>(j * scene.n + i)] = 0;
  ThreadPool pool(1);
  const auto backend = make_cpu_backend(pool);
  const auto place = [&](int round, int at_zero) {
    std::vector<float> centroids = wander(scene, values, round);
    for (int c = 2; c < scene.k; ++c) centroids[static_cast<size_t>(c * scene.d)] += 9000;
    std::fill_n(centroids.begin(), scene.d, 200.0f * static_cast<float>(round - at_zero));
    std::fill_n(centroids.begin() + scene.d, scene.d,
                -300.0f - 400.0f * static_cast<float>(std::max(0, at_zero - round)));
    return centroids;
  };
  for (int at_zero = 3; at_zero < 24; ++at_zero) {
    Fit listed(*backend, scene, values), full(*backend, scene, values);
    Drift drift(scene.k);
    for (int round = 0; round < at_zero + 5; ++round) {
      SCOPED_TRACE(testing::Message() << "round " << round << ", at 0 in round " << at_zero);
      const std::vector<float> centroids = place(round, at_zero), next = place(round + 1, at_zero);
      ASSERT_NO_FATAL_FAILURE(expect_same(listed.pass(centroids, &drift), full.pass(centroids, nullptr)));
      drift.add(centroids, next, scene.d);
    }
  }
}

TEST(Lists, AreMadeOnlyWhereTheyMayTakeTheMemory) {
  const Scene scene{.name = "groups", .n = 907, .d = 64, .k = 64};
  const std::vector<double> values = make_values(scene);
  ThreadPool pool(2);
  for (const int64_t spare : {int64_t{-1}, int64_t{0}}) {
    const auto backend = make_cpu_backend(pool);
    const int64_t bytes = backend->extra_bytes(scene.n, scene.d, scene.k);
    EXPECT_GT(bytes, 0);
    EXPECT_LT(bytes, backend->rows_bytes(scene.n, scene.d, false) / 2);
    backend->allow_extra(bytes + spare);
    Fit fit(*backend, scene, values);
    const std::vector<float> centroids = wander(scene, values, 0);
    Drift drift(scene.k);
    for (int round = 0; round < 6; ++round) {
      fit.pass(centroids, &drift);
      drift.add(centroids, centroids, scene.d);
    }
    EXPECT_EQ(fit.rows().tile_bounds() == nullptr, spare == 0) << "lists instead of bounds";
  }
  EXPECT_EQ(make_cpu_backend(pool)->extra_bytes(scene.n, scene.d, 20), 0);
}

}  // namespace
}  // namespace clientele
