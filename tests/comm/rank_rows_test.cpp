#include <gtest/gtest.h>

#include <algorithm>

#include "clientele/base/errors.h"
#include "clientele/comm/comm.h"

namespace clientele {
namespace {

TEST(RankRows, CoverAllRowsInOrderByWholeBlocksAsEvenAsCanBe) {
  for (const int64_t rows : {int64_t{0}, int64_t{1}, int64_t{65535}, int64_t{65536}, int64_t{65537}, int64_t{1'000'000},
                             int64_t{3'000'000'000}})
    for (const int ranks : {1, 2, 3, 4, 7, 100}) {
      int64_t next = 0, most = 0, least = INT64_MAX;
      for (int rank = 0; rank < ranks; ++rank) {
        const RowRange range = rank_rows(rows, rank, ranks);
        EXPECT_EQ(range.first, next);
        EXPECT_LE(range.first, range.last);
        EXPECT_TRUE(range.first % 65536 == 0 || range.first == rows);
        EXPECT_TRUE(range.last % 65536 == 0 || range.last == rows);
        const int64_t blocks = (range.last - range.first + 65535) / 65536;
        most = std::max(most, blocks);
        least = std::min(least, blocks);
        next = range.last;
      }
      EXPECT_EQ(next, rows);
      EXPECT_LE(most - least, 1);
    }
}

TEST(RankRows, ARankOutsideIsAnInternalFault) {
  EXPECT_THROW(rank_rows(10, 2, 2), Error);
  EXPECT_THROW(rank_rows(10, -1, 2), Error);
  EXPECT_THROW(rank_rows(-1, 0, 1), Error);
  EXPECT_THROW(rank_rows(1, 0, 0), Error);
}

}  // namespace
}  // namespace clientele
