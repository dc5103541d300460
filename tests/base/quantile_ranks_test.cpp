#include "clientele/base/quantile_ranks.h"

#include <gtest/gtest.h>

namespace clientele {
namespace {

/// Weights 1, 1.7 and 0.3 of ascending values: 3 clients, the last of whom begins in the second value.
TEST(QuantileRanks, TheEndsAreTheLeastAndTheGreatestValue) {
  for (const double unit : {1.0, 10.0, 0x1p20}) {
    const int64_t all = static_cast<int64_t>(3 * unit);
    const QuantileRanks least = quantile_ranks(0, all, unit), greatest = quantile_ranks(1, all, unit);
    EXPECT_EQ(least.low, 0);
    EXPECT_EQ(least.fraction, 0);
    EXPECT_EQ(greatest.low, all - 1);
    EXPECT_EQ(greatest.fraction, 0);
  }
  // Less than a client, and a fraction of one beyond two.
  for (const int64_t all : {3, 10, 25}) {
    EXPECT_EQ(quantile_ranks(0, all, 10).low, 0);
    EXPECT_EQ(quantile_ranks(1, all, 10).low, all - 1);
    EXPECT_EQ(quantile_ranks(1, all, 10).fraction, 0);
  }
}

/// With whole weights, low and high are the clients of type 7.
TEST(QuantileRanks, WholeWeightsAreValuesRepeated) {
  for (const int64_t clients : {1, 2, 3, 10, 1000}) {
    for (const int64_t unit : {1, 7, 1024}) {
      for (const double p : {0.0, 0.001, 0.25, 0.5, 0.77, 0.999, 1.0}) {
        const double position = p * static_cast<double>(clients - 1);
        const int64_t low = static_cast<int64_t>(position), high = std::min(low + 1, clients - 1);
        const QuantileRanks found = quantile_ranks(p, clients * unit, static_cast<double>(unit));
        EXPECT_EQ(found.low / unit, low);
        EXPECT_EQ(found.fraction, position - static_cast<double>(low));
        if (found.fraction > 0) {
          EXPECT_EQ(found.high / unit, high);
        }
      }
    }
  }
}

}  // namespace
}  // namespace clientele
