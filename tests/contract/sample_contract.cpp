// Seeding, samples and silhouettes against the oracle, byte for byte.
#include <cmath>
#include <limits>

#include "tests/base/expect_error.h"
#include "tests/contract/lloyd_loop.h"

namespace clientele::contract {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool pays(const Case& c) {  // seeding and sampling cost as much on any data: a few shapes do
  return c.shape.n != 131072 + 17 && c.shape.k < 257;
}

constexpr uint32_t kSteps = 3;

/// What seeding gives at one step.
struct Step {
  std::vector<RandomKey> keys;
  std::vector<Draw> draws;
  int candidates = 0;                           ///< of the case's centroids [step % 2]
  std::vector<std::vector<double>> potentials;  ///< candidates x blocks
  const float* chosen = nullptr;
};

std::vector<Step> seeding(const Case& c) {
  std::vector<double> min_d2(size_t(c.rows.n), kInfinity);
  std::vector<Step> steps(kSteps);
  for (uint32_t number = 0; number < kSteps; ++number) {
    Step& step = steps[number];
    step.keys = {
        {7, Purpose::seeding, 1, number, 0}, {7, Purpose::seeding, 1, number, 1}, {8, Purpose::seeding, 0, number, 0}};
    for (const RandomKey& key : step.keys) step.draws.push_back(oracle::draw(c.rows, key, min_d2));
    step.candidates = std::min(3, c.shape.k);
    for (int p = 0; p < step.candidates; ++p) {
      const float* candidate = c.centroids[number % 2].x.data() + p * c.shape.d;
      std::vector<double> terms;
      for (int64_t i = 0; i < c.rows.n; ++i)
        terms.push_back(double(c.rows.weight(i)) *
                        std::min(min_d2[size_t(i)], oracle::d2(c.rows.row(i), candidate, c.shape.d)));
      step.potentials.push_back(oracle::block_sums(terms));
    }
    step.chosen = c.centroids[0].x.data() + (int(number) % c.shape.k) * c.shape.d;
    for (int64_t i = 0; i < c.rows.n; ++i)
      min_d2[size_t(i)] = std::min(min_d2[size_t(i)], oracle::d2(c.rows.row(i), step.chosen, c.shape.d));
  }
  return steps;
}

void expect_same_rows(const std::vector<FarRow>& found, const std::vector<FarRow>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(std::pair(found[i].row, found[i].d2), std::pair(expected[i].row, expected[i].d2));
    EXPECT_SAME_BYTES(found[i].values, expected[i].values);
  }
}

}  // namespace

TEST_P(BackendContract, SeedingEqualsOracle) {
  static Remembered<std::vector<Step>> remembered;
  for (const Case& c : cases()) {
    if (!pays(c)) continue;
    SCOPED_TRACE(oracle::name(c.shape));
    auto rows = load(c.rows);
    SampleOps& ops = backend().sample_ops();
    ops.start_seeding(*rows);
    uint32_t number = 0;
    for (const Step& step : remembered(oracle::name(c.shape), [&] { return seeding(c); })) {
      std::vector<Draw> draws(step.keys.size(), Draw{kInfinity, -1});
      ops.draw(*rows, step.keys, draws);
      for (size_t t = 0; t < draws.size(); ++t) {
        EXPECT_EQ(draws[t].row, step.draws[t].row);
        EXPECT_EQ(draws[t].key, step.draws[t].key);
      }
      std::vector<CanonicalSum> potentials(size_t(step.candidates));
      ops.potentials(*rows, {c.centroids[number++ % 2].x.data(), step.candidates, c.shape.d}, potentials);
      for (size_t p = 0; p < potentials.size(); ++p) EXPECT_SAME_BYTES(potentials[p].blocks(), step.potentials[p]);
      ops.lower_min_d2(*rows, {step.chosen, size_t(c.shape.d)});
    }
    ops.end_seeding(*rows);
  }
}

TEST_P(BackendContract, DrawsMerge) {
  const Case& c = cases()[8];
  auto rows = load(c.rows);
  SampleOps& ops = backend().sample_ops();
  ops.start_seeding(*rows);
  const RandomKey key{3, Purpose::seeding, 0, 0, 0};
  std::vector<Draw> draws = {{0, 123456}, {kInfinity, -1}};
  ops.draw(*rows, std::vector{key, key}, draws);
  EXPECT_EQ(draws[0].row, 123456);
  EXPECT_EQ(draws[1].row, oracle::draw(c.rows, key, std::vector<double>(size_t(c.rows.n), kInfinity)).row);
}

TEST_P(BackendContract, SmallestKeysEqualOracle) {
  const RandomKey key{11, Purpose::sample, 0, 0, 0};
  for (const Case& c : cases()) {
    if (!pays(c)) continue;
    SCOPED_TRACE(oracle::name(c.shape));
    auto rows = load(c.rows);
    for (const int64_t count : {int64_t{1}, int64_t{50}, c.rows.n + 1}) {
      std::vector<std::pair<uint64_t, int64_t>> smallest;
      backend().sample_ops().smallest_keys(*rows, key, count, smallest);
      static Remembered<std::vector<std::pair<uint64_t, int64_t>>> remembered;
      EXPECT_EQ(smallest, remembered(oracle::name(c.shape) + std::to_string(count),
                                     [&] { return oracle::smallest_keys(c.rows, key, count); }));
    }
    std::vector<std::pair<uint64_t, int64_t>> merged = {{0, 99}, {~uint64_t{0}, 98}};
    backend().sample_ops().smallest_keys(*rows, key, 2, merged);
    ASSERT_EQ(merged.size(), 2u);
    EXPECT_EQ(merged[0].second, 99);
    std::vector<std::pair<uint64_t, int64_t>> first;
    backend().sample_ops().smallest_keys(*rows, key, 1, first);
    EXPECT_EQ(merged[1], first[0]);
  }
}

TEST_P(BackendContract, SampleBelowEqualsOracle) {
  const RandomKey key{12, Purpose::start_sample, 0, 0, 0};
  for (const Case& c : cases()) {
    if (!pays(c)) continue;
    SCOPED_TRACE(oracle::name(c.shape));
    auto rows = load(c.rows);
    for (const uint64_t limit : {uint64_t{0}, uint64_t{1} << 50, uint64_t{1} << 52}) {
      SampledRows found, expected;
      for (int64_t i = 0; i < c.rows.n; ++i) {
        const uint64_t bits = random_bits(key, i);
        if (bits >= limit || c.rows.weight(i) == 0) continue;
        expected.row.push_back(i);
        expected.bits.push_back(bits);
        expected.weight.push_back(c.rows.weight(i));
        expected.values.insert(expected.values.end(), c.rows.row(i), c.rows.row(i) + c.shape.d);
      }
      backend().sample_ops().sample_below(*rows, key, limit, found);
      EXPECT_EQ(found.row, expected.row);
      EXPECT_EQ(found.bits, expected.bits);
      EXPECT_EQ(found.weight, expected.weight);
      EXPECT_SAME_BYTES(found.values, expected.values);
    }
  }
}

TEST_P(BackendContract, WeightsCanBeReadBack) {
  for (const Case& c : cases()) {
    auto rows = load(c.rows);
    const int64_t first = c.rows.n / 3;
    std::vector<int64_t> found(static_cast<size_t>(c.rows.n - first)), expected;
    backend().sample_ops().copy_weights(*rows, first, found);
    for (int64_t i = first; i < c.rows.n; ++i) expected.push_back(c.rows.weight(i));
    EXPECT_EQ(found, expected) << oracle::name(c.shape);
  }
}

TEST_P(BackendContract, LowerToOwnEqualsOracle) {
  const RandomKey key{13, Purpose::far_start, 0, 0, 0};
  for (const Case& c : cases()) {
    if (!pays(c)) continue;
    SCOPED_TRACE(oracle::name(c.shape));
    auto rows = load_labelled(c, 0);
    std::vector<double> min_d2;
    for (int64_t i = 0; i < c.rows.n; ++i)
      min_d2.push_back(
          oracle::d2(c.rows.row(i), c.centroids[0].x.data() + c.labels[0][size_t(i)] * c.shape.d, c.shape.d));
    SampleOps& ops = backend().sample_ops();
    ops.start_seeding(*rows);
    ops.lower_to_own(*rows, {c.centroids[0].x.data(), c.shape.k, c.shape.d});
    std::vector<Draw> draws = {{kInfinity, -1}};
    ops.draw(*rows, std::vector{key}, draws);
    const auto expected = oracle::draw(c.rows, key, min_d2);
    EXPECT_EQ(draws[0].row, expected.row);
    EXPECT_EQ(draws[0].key, expected.key);
    std::vector<FarRow> best;
    ops.far_from_seeds(*rows, 3, best);
    expect_same_rows(best, oracle::far_rows(c.rows, c.centroids[0], c.labels[0], 3));
    ops.end_seeding(*rows);
  }
}

TEST_P(BackendContract, RowsFarFromSeedsMergeAcrossBlocks) {
  SampleOps& ops = backend().sample_ops();
  for (const Case& c : cases()) {
    if (!pays(c) || c.rows.n < 3) continue;
    SCOPED_TRACE(oracle::name(c.shape));
    const int64_t middle = c.rows.n / 3;
    const std::unique_ptr<RowBlock> blocks[] = {load(part(c.rows, 0, middle)), load(part(c.rows, middle, c.rows.n))};
    oracle::Centroids seeds{2, {c.rows.row(0), c.rows.row(1)}};
    seeds.x.insert(seeds.x.end(), c.rows.row(middle), c.rows.row(middle + 1));
    for (const auto& block : blocks) {
      ops.start_seeding(*block);
      for (const int seed : {0, 1})
        ops.lower_min_d2(*block, {seeds.x.data() + seed * c.shape.d, static_cast<size_t>(c.shape.d)});
    }
    const auto expected = oracle::far_rows(c.rows, seeds, oracle::labels(c.rows, seeds), 4);
    for (const int first : {0, 1}) {
      std::vector<FarRow> best;
      for (const int i : {first, 1 - first}) ops.far_from_seeds(*blocks[i], 4, best);
      expect_same_rows(best, expected);
    }
    for (const auto& block : blocks) ops.end_seeding(*block);
  }
}

TEST_P(BackendContract, SeedingOperationsOutsideSeedingAreFaults) {
  const Case& c = cases()[8];
  const auto rows = load_labelled(c, 0);
  SampleOps& ops = backend().sample_ops();
  const float* first = c.centroids[0].x.data();
  for (const bool after : {false, true}) {
    SCOPED_TRACE(after ? "after" : "before");
    std::vector<CanonicalSum> potentials(1);
    std::vector<FarRow> best;
    const auto kind_of = [](const auto& body) { return error_of(body).kind(); };
    EXPECT_EQ(kind_of([&] { ops.potentials(*rows, {first, 1, c.shape.d}, potentials); }), ErrorKind::internal);
    EXPECT_EQ(kind_of([&] { ops.lower_min_d2(*rows, {first, size_t(c.shape.d)}); }), ErrorKind::internal);
    EXPECT_EQ(kind_of([&] { ops.lower_to_own(*rows, view(c, 0)); }), ErrorKind::internal);
    EXPECT_EQ(kind_of([&] { ops.far_from_seeds(*rows, 3, best); }), ErrorKind::internal);
    ops.start_seeding(*rows);
    ops.end_seeding(*rows);
  }
}

TEST_P(BackendContract, DistinctRowsEqualOracle) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(oracle::name(c.shape));
    auto rows = load(c.rows);
    for (const int64_t limit : {1, 9, 200}) {
      std::vector<std::vector<float>> distinct;
      backend().sample_ops().distinct_rows(*rows, limit, distinct);
      static Remembered<std::vector<std::vector<float>>> remembered;
      EXPECT_EQ(distinct, remembered(oracle::name(c.shape) + std::to_string(limit),
                                     [&] { return oracle::distinct_rows(c.rows, limit); }));
    }
  }
}

TEST_P(BackendContract, DistinctRowsStandFarApartAmongEqualOnes) {
  oracle::Rows data{70000, 2, {}, {}, 0};
  for (int64_t i = 0; i < data.n; ++i) {
    const bool rare = i > 100 && i % 9973 < 2;
    data.x.insert(data.x.end(), {rare ? float(i / 9973 + i % 9973) : 0.5f, 1});
    data.m.push_back(rare && i % 2 == 0 ? 0 : 3);
  }
  auto rows = load(data);
  for (const int64_t limit : {3, 5, 100}) {
    std::vector<std::vector<float>> distinct = {{0.5f, 1}, {7, 7}};
    const auto of_block = oracle::distinct_rows(data, limit);
    backend().sample_ops().distinct_rows(*rows, limit, distinct);
    std::vector<std::vector<float>> expected = {{0.5f, 1}, {7, 7}};
    for (size_t i = 1; i < of_block.size() && int64_t(expected.size()) < limit; ++i) expected.push_back(of_block[i]);
    EXPECT_GT(expected.size(), 2u);
    EXPECT_EQ(distinct, expected);
  }
}

TEST_P(BackendContract, FetchCopiesRowsByLocalIndex) {
  const Case& c = cases()[6];
  auto rows = load(c.rows);
  const std::vector<int64_t> local = {299, 0, 17, 17};
  std::vector<float> out(local.size() * size_t(c.shape.d)), expected;
  backend().sample_ops().fetch(*rows, local, {out.data(), 4, c.shape.d});
  for (const int64_t i : local) expected.insert(expected.end(), c.rows.row(i), c.rows.row(i) + c.shape.d);
  EXPECT_SAME_BYTES(out, expected);
}

TEST_P(BackendContract, SquaredSilhouetteEqualsOracle) {
  for (const Case& c : cases()) {
    if (!pays(c)) continue;
    SCOPED_TRACE(oracle::name(c.shape));
    auto rows = load_labelled(c, 0);
    SegmentMoments segments;
    segments.count = oracle::counts(c.rows, c.labels[0], c.shape.k, true);
    if (c.shape.weighted) segments.unit = 0x1p20;  // above some rows' weight, below others'
    for (int s = 0; s < c.shape.k; ++s) {
      segments.mean_norm2.push_back(0.1 + 3.3 * s);
      for (int j = 0; j < c.shape.d; ++j)
        segments.mean.push_back(double(c.centroids[0].x[size_t(s * c.shape.d + j)]) * 1.1);
    }
    static Remembered<std::vector<double>> remembered;
    const auto& values =
        remembered(oracle::name(c.shape), [&] { return oracle::squared_silhouette(c.rows, c.labels[0], segments); });
    const auto& norms = remembered("norm2 " + oracle::name(c.shape), [&] { return oracle::norm2(c.rows); });
    std::vector<std::vector<double>> blocks, norm_blocks;
    backend().pair_ops().squared_silhouette(*rows, segments, blocks);
    backend().pair_ops().segment_norm2(*rows, c.shape.k, norm_blocks);
    for (int s = 0; s < c.shape.k; s += std::max(1, c.shape.k / 8)) {
      std::vector<double> found, found_norms;
      for (const auto& block : blocks) found.push_back(block[size_t(s)]);
      for (const auto& block : norm_blocks) found_norms.push_back(block[size_t(s)]);
      EXPECT_SAME_BYTES(found, oracle::block_sums_of(values, c.labels[0], s));
      EXPECT_SAME_BYTES(found_norms, oracle::block_sums_of(norms, c.labels[0], s));
    }
  }
}

TEST_P(BackendContract, SilhouetteEqualsOracle) {
  for (const Case& c : cases()) {
    if (c.rows.n > 250) continue;
    SCOPED_TRACE(oracle::name(c.shape));
    const double unit = c.shape.weighted ? 2.5 : 1;
    const auto found = backend().pair_ops().silhouette(
        {.rows = {c.rows.x.data(), c.rows.n, c.shape.d}, .labels = c.labels[0], .weights = c.rows.m, .unit = unit},
        c.shape.k);
    static Remembered<std::vector<double>> remembered;
    EXPECT_SAME_BYTES(found, remembered(oracle::name(c.shape),
                                        [&] { return oracle::silhouette(c.rows, c.labels[0], c.shape.k, unit); }));
  }
}

}  // namespace clientele::contract
