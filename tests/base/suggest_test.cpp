#include "clientele/base/suggest.h"

#include <gtest/gtest.h>

#include <vector>

namespace clientele {
namespace {

TEST(Suggest, FindsTheNearestName) {
  const std::vector<std::string> names = {"monetary", "recency", "frequency", "client_id"};
  EXPECT_EQ(nearest("monetery", names), "monetary");
  EXPECT_EQ(nearest("RECENCY", names), "recency");
  EXPECT_EQ(nearest("frequnecy", names), "frequency");
  EXPECT_EQ(nearest("clientid", names), "client_id");
}

TEST(Suggest, StaysSilentWhenNothingIsNear) {
  const std::vector<std::string> names = {"monetary", "k"};
  EXPECT_EQ(nearest("tenure", names), "");
  EXPECT_EQ(nearest("q", names), "");
  EXPECT_EQ(nearest("", names), "");
  EXPECT_EQ(nearest("x", {}), "");
  EXPECT_EQ(nearest(std::string(100000, 'a'), names), "");
}

TEST(Suggest, TakesTheFirstAmongEquals) {
  const std::vector<std::string> names = {"abcx", "abcy"};
  EXPECT_EQ(nearest("abcz", names), "abcx");
}

TEST(Suggest, CountsASwapAsOneStep) {
  const std::vector<std::string> names = {"ba"};
  EXPECT_EQ(nearest("ab", names), "ba");
}

}  // namespace
}  // namespace clientele
