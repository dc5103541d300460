#include "clientele/comm/comm.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <string>

#include "clientele/base/errors.h"

namespace clientele {
namespace {

/// One body for every communicator: what each rank brings is a function of its rank, so each knows what must come out.
void check_collectives(Comm& comm) {
  const int64_t n = comm.size(), r = comm.rank();
  std::vector<int64_t> sums = {r, 1, -(int64_t{1} << 50) * r};
  comm.sum(sums);
  EXPECT_EQ(sums, (std::vector<int64_t>{n * (n - 1) / 2, n, -(int64_t{1} << 50) * (n * (n - 1) / 2)}));

  std::vector<double> largest = {static_cast<double>(r), -static_cast<double>(r), -HUGE_VAL};
  comm.max(largest);
  EXPECT_EQ(largest, (std::vector<double>{static_cast<double>(n - 1), 0, -HUGE_VAL}));

  for (int root = 0; root < n; ++root) {
    std::vector<int32_t> words(1000, static_cast<int32_t>(r));
    comm.broadcast(std::as_writable_bytes(std::span(words)), root);
    EXPECT_EQ(words, std::vector<int32_t>(1000, root));
  }

  const std::vector<int64_t> mine(static_cast<size_t>(r), r);  // rank 0 brings nothing
  const std::vector<int64_t> all = comm.gather_all(std::span<const int64_t>(mine));
  std::vector<int64_t> expected;
  for (int64_t rank = 0; rank < n; ++rank) expected.insert(expected.end(), static_cast<size_t>(rank), rank);
  EXPECT_EQ(all, expected);

  std::vector<int64_t> nothing;
  comm.sum(nothing);
  comm.max({});
  comm.broadcast({}, 0);
  EXPECT_TRUE(comm.gather({}).empty());
}

TEST(Comm, OneRankIsTheTrivialOne) {
  const std::unique_ptr<Comm> comm = make_single_comm();
  EXPECT_EQ(comm->size(), 1);
  EXPECT_EQ(comm->rank(), 0);
  check_collectives(*comm);
  EXPECT_THROW(comm->broadcast({}, 1), Error);
}

TEST(Comm, RanksAsThreadsAgree) {
  for (const int ranks : {1, 2, 4, 7}) {
    std::vector<int> seen(static_cast<size_t>(ranks));
    run_ranks(ranks, [&](Comm& comm) {
      ASSERT_EQ(comm.size(), ranks);
      ++seen[static_cast<size_t>(comm.rank())];
      for (int round = 0; round < 50; ++round) check_collectives(comm);
    });
    EXPECT_EQ(seen, std::vector<int>(static_cast<size_t>(ranks), 1));
  }
}

TEST(Comm, SumsWrapWithoutAFault) {
  run_ranks(2, [](Comm& comm) {
    std::vector<int64_t> value = {INT64_MAX};
    comm.sum(value);
    EXPECT_EQ(value[0], -2);
  });
}

TEST(Comm, ANanIsNotLostInTheMaximum) {
  for (const int bad : {0, 1, 2}) {
    run_ranks(3, [&](Comm& comm) {
      std::vector<double> value = {comm.rank() == bad ? double{NAN} : 5.0};
      comm.max(value);
      EXPECT_TRUE(std::isnan(value[0]));
    });
  }
}

/// Runs `failing` on one rank of four while the others sum for ever; returns what run_ranks throws.
Error failure_of(int rank, const std::function<void(Comm&)>& failing, std::atomic<int>& told) {
  try {
    run_ranks(4, [&](Comm& comm) {
      std::vector<int64_t> value = {1};
      for (int round = 0;; ++round) {
        if (comm.rank() == rank && round == 20) return failing(comm);
        try {
          comm.sum(value);
        } catch (const Error& error) {
          if (error.kind() == ErrorKind::peer) ++told;
          throw;
        }
      }
    });
  } catch (const Error& error) {
    return error;
  }
  return Error{ErrorKind::internal, {.what = "nothing was thrown"}};
}

TEST(Comm, AFailingRankEndsTheOthersAndItsOwnFaultIsReported) {
  for (int rank = 0; rank < 4; ++rank) {
    std::atomic<int> told{0};
    const Error error = failure_of(
        rank,
        [](Comm&) {
          throw Error{ErrorKind::input, {.what = "mine"}};
        },
        told);
    EXPECT_EQ(error.kind(), ErrorKind::input);
    EXPECT_EQ(error.complaint().what, "mine");
    EXPECT_EQ(told, 3);
  }
}

TEST(Comm, ARankThatEndsEarlyDoesNotLeaveTheOthersWaiting) {
  std::atomic<int> told{0};
  const Error error = failure_of(
      2, [](Comm&) {}, told);
  EXPECT_EQ(error.exit_code(), 6);
  EXPECT_NE(std::string(error.what()).find("rank 2 has ended"), std::string::npos);
  EXPECT_EQ(told, 3);
}

TEST(Comm, ExceptionsOfAnyTypePassThrough) {
  EXPECT_THROW(run_ranks(3,
                         [](Comm& comm) {
                           if (comm.rank() == 1) throw std::out_of_range("not ours");
                           comm.max({});
                         }),
               std::out_of_range);
  EXPECT_THROW(run_ranks(0, [](Comm&) {}), Error);
}

TEST(Comm, TheLowestRankThatFailedByItselfIsReported) {
  for (int round = 0; round < 20; ++round) {
    try {
      run_ranks(4, [](Comm& comm) {
        comm.max({});
        if (comm.rank() > 0) throw Error{ErrorKind::input, {.what = std::to_string(comm.rank())}};
      });
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.complaint().what, "1");
    }
  }
}

TEST(Comm, RanksThatDisagreeFindOut) {
  const auto kind_of = [](const std::function<void(Comm&)>& body) {
    try {
      run_ranks(2, body);
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::usage;
  };
  std::vector<int64_t> one(1), two(2);
  std::vector<double> other(1);
  EXPECT_EQ(kind_of([&](Comm& comm) { comm.sum(comm.rank() == 0 ? std::span(one) : std::span(two)); }),
            ErrorKind::internal);
  EXPECT_EQ(kind_of([&](Comm& comm) { comm.rank() == 0 ? comm.sum(one) : comm.max(other); }), ErrorKind::internal);
  EXPECT_EQ(kind_of([&](Comm& comm) { comm.broadcast({}, comm.rank()); }), ErrorKind::internal);
  EXPECT_EQ(kind_of([&](Comm& comm) { comm.broadcast({}, 2); }), ErrorKind::internal);
}

}  // namespace
}  // namespace clientele
