#include "clientele/base/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

namespace clientele {
namespace {

// kat_vectors of Random123, philox4x32 with 10 rounds.
TEST(Random, PhiloxGivesTheKnownAnswers) {
  struct Known {
    Philox4 counter;
    uint32_t key0, key1;
    Philox4 answer;
  };
  const std::vector<Known> all = {
      {{{0, 0, 0, 0}}, 0, 0, {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}}},
      {{{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}},
       0xffffffff,
       0xffffffff,
       {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}}},
      {{{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}},
       0xa4093822,
       0x299f31d0,
       {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}},
  };
  for (const Known& known : all) {
    const Philox4 found = philox(known.counter, known.key0, known.key1);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(found.word[i], known.answer.word[i]);
  }
}

TEST(Random, EveryPartOfTheKeyAndTheRowCount) {
  const RandomKey base = {.seed = 7, .purpose = Purpose::seeding, .restart = 1, .step = 2, .trial = 3};
  std::set<uint64_t> draws;
  std::vector<RandomKey> keys(6, base);
  keys[1].seed = 8;
  keys[2].purpose = Purpose::sample;
  keys[3].restart = 2;
  keys[4].step = 3;
  keys[5].trial = 4;
  const std::vector<int64_t> rows = {0, 1, 65536, int64_t{1} << 32, (int64_t{1} << 32) + 1};
  for (const RandomKey& key : keys)
    for (const int64_t row : rows) draws.insert(random_bits(key, row));
  EXPECT_EQ(draws.size(), keys.size() * rows.size());
  for (const uint64_t bits : draws) EXPECT_LT(bits, uint64_t{1} << 52);
}

TEST(Random, UnitDrawsLieInsideAndAreUniform) {
  const RandomKey key = {.seed = 42, .purpose = Purpose::generate};
  constexpr int kDraws = 20000;
  std::vector<int> cells(20);
  double mean = 0;
  for (int row = 0; row < kDraws; ++row) {
    const double u = random_unit(key, row);
    ASSERT_GT(u, 0);
    ASSERT_LT(u, 1);
    mean += u / kDraws;
    ++cells[static_cast<size_t>(u * 20)];
  }
  EXPECT_NEAR(mean, 0.5, 0.01);
  double chi_square = 0;
  for (const int count : cells) chi_square += (count - 1000.0) * (count - 1000.0) / 1000.0;
  EXPECT_LT(chi_square, 50);  // 19 degrees of freedom: 1 in 10,000 by chance, and the draws are fixed
}

TEST(Random, TheSmallestWeightedKeyFollowsTheWeights) {
  // Three rows of weights 1, 2, 5 must win in these shares.
  const double weights[] = {1, 2, 5};
  int wins[3] = {};
  constexpr int kTrials = 16000;
  for (uint32_t trial = 0; trial < kTrials; ++trial) {
    const RandomKey key = {.seed = 3, .purpose = Purpose::seeding, .trial = trial};
    int best = 0;
    for (int row = 1; row < 3; ++row)
      if (weighted_key(key, row, weights[row]) < weighted_key(key, best, weights[best])) best = row;
    ++wins[best];
  }
  for (int row = 0; row < 3; ++row) EXPECT_NEAR(wins[row], kTrials * weights[row] / 8, 4 * std::sqrt(kTrials / 4.0));
}

}  // namespace
}  // namespace clientele
