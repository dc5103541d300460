#include "clientele/base/thread_pool.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/base/expect_error.h"

namespace clientele {
namespace {

TEST(ThreadPool, RunsEachIndexOnceWithAWorkerInRange) {
  for (const int threads : {1, 2, 3, 7}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    std::vector<int> runs(1000);
    std::atomic<bool> in_range{true};
    pool.parallel_for(1000, [&](int64_t index, int worker) {
      ++runs[static_cast<size_t>(index)];
      if (worker < 0 || worker >= threads) in_range = false;
    });
    EXPECT_EQ(runs, std::vector<int>(1000, 1));
    EXPECT_TRUE(in_range);
  }
}

TEST(ThreadPool, NothingToDoDoesNothing) {
  ThreadPool pool(2);
  for (const int64_t count : {0, -5}) pool.parallel_for(count, [](int64_t, int) { FAIL(); });
}

TEST(ThreadPool, OneThreadRunsInOrderOnTheCaller) {
  ThreadPool pool(1);
  std::vector<int64_t> order;
  const std::thread::id caller = std::this_thread::get_id();
  pool.parallel_for(5, [&](int64_t index, int worker) {
    EXPECT_EQ(worker, 0);
    EXPECT_EQ(std::this_thread::get_id(), caller);
    order.push_back(index);
  });
  EXPECT_EQ(order, (std::vector<int64_t>{0, 1, 2, 3, 4}));
}

TEST(ThreadPool, AllThreadsTakePart) {
  // Every task waits until three of them run at once: only so many threads can get through.
  ThreadPool pool(3);
  std::atomic<int> here{0};
  std::atomic<bool> met{true};
  pool.parallel_for(3, [&](int64_t, int) {
    ++here;
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (here < 3) {
      if (std::chrono::steady_clock::now() > limit) {
        met = false;
        return;
      }
      std::this_thread::yield();
    }
  });
  EXPECT_TRUE(met);
}

TEST(ThreadPool, ManySmallLoops) {
  ThreadPool pool(4);
  std::vector<int64_t> cells(5);
  for (int round = 0; round < 5000; ++round)
    pool.parallel_for(5, [&](int64_t index, int) { cells[static_cast<size_t>(index)] += index; });
  EXPECT_EQ(cells, (std::vector<int64_t>{0, 5000, 10000, 15000, 20000}));
}

TEST(ThreadPool, AnExceptionEndsTheLoopAndThePoolLivesOn) {
  for (const int threads : {1, 4}) {
    ThreadPool pool(threads);
    std::atomic<int64_t> ran{0};
    const Error error = error_of([&] {
      pool.parallel_for(1'000'000'000, [&](int64_t index, int) {
        ++ran;
        if (index >= 10) throw Error{ErrorKind::input, {.what = std::to_string(index)}};
      });
    });
    EXPECT_EQ(error.kind(), ErrorKind::input);
    EXPECT_LT(ran, 1'000'000);
    EXPECT_GE(std::stoi(error.complaint().what), 10);
    std::atomic<int> after{0};
    pool.parallel_for(100, [&](int64_t, int) { ++after; });
    EXPECT_EQ(after, 100);
  }
}

TEST(ThreadPool, TheLowestIndexThatThrewIsReported) {
  ThreadPool pool(3);
  for (int round = 0; round < 50; ++round) {
    std::atomic<int> here{0};
    const Error error = error_of([&] {
      pool.parallel_for(3, [&](int64_t index, int) {
        ++here;
        while (here < 3) std::this_thread::yield();  // all three run, all three throw
        throw Error{ErrorKind::input, {.what = std::to_string(index)}};
      });
    });
    EXPECT_EQ(error.complaint().what, "0");
  }
}

TEST(ThreadPool, UseFromInsideATaskIsAnInternalFault) {
  for (const int threads : {1, 3}) {
    ThreadPool pool(threads), other(2);
    for (ThreadPool* inner : {&pool, &other}) {
      const auto nested = [&] {
        pool.parallel_for(4, [&](int64_t, int) { inner->parallel_for(1, [](int64_t, int) {}); });
      };
      EXPECT_EQ(error_of(nested).kind(), ErrorKind::internal);
    }
    pool.parallel_for(2, [](int64_t, int) {});
  }
}

TEST(ThreadPool, ATaskMayUseAPoolOfOneThreadOfItsOwn) {
  ThreadPool pool(3);
  std::vector<int64_t> sums(6);
  pool.parallel_for(6, [&](int64_t index, int) {
    ThreadPool own(1);
    own.parallel_for(4, [&](int64_t inner, int) { sums[static_cast<size_t>(index)] += index * inner; });
    EXPECT_THROW(own.parallel_for(1, [&](int64_t, int) { own.parallel_for(1, [](int64_t, int) {}); }), Error);
    EXPECT_THROW(own.parallel_for(1, [&](int64_t, int) { pool.parallel_for(1, [](int64_t, int) {}); }), Error);
  });
  for (int64_t index = 0; index < 6; ++index) EXPECT_EQ(sums[static_cast<size_t>(index)], 6 * index);
}

TEST(ThreadPool, SeveralCallersTakeTurns) {
  ThreadPool pool(3);
  std::vector<int64_t> sums(4);
  std::vector<std::thread> callers;
  std::atomic<int> inside{0};
  std::atomic<bool> alone{true};
  for (size_t caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&, caller] {
      for (int round = 0; round < 100; ++round) {
        std::vector<int64_t> cells(8);
        std::atomic<int> mine{0};
        pool.parallel_for(8, [&](int64_t index, int) {
          if (++inside - ++mine > 3) alone = false;
          cells[static_cast<size_t>(index)] = index;
          --mine, --inside;
        });
        for (const int64_t cell : cells) sums[caller] += cell;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(sums, std::vector<int64_t>(4, 2800));
  EXPECT_TRUE(alone);
}

TEST(ThreadPool, TheDefaultSizeRespectsTheAffinityMask) {
  EXPECT_GE(ThreadPool().threads(), 1);
  EXPECT_EQ(error_of([] { ThreadPool pool(-1); }).kind(), ErrorKind::usage);
  // On a thread of its own, whose mask may be changed.
  std::thread([] {
    cpu_set_t mask;
    ASSERT_EQ(sched_getaffinity(0, sizeof mask, &mask), 0);
    int first = 0;
    while (!CPU_ISSET(first, &mask)) ++first;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    EXPECT_EQ(ThreadPool().threads(), 1);
  }).join();
}

}  // namespace
}  // namespace clientele
