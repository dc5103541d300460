// Runs the threads of a block as fibers (see stand_in.h).
#include <setjmp.h>
#include <ucontext.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <vector>

#include "stand_in.h"

namespace {

constexpr size_t kSharedBytes = 256 * 1024;
constexpr size_t kGuardBytes = 4096;  // behind what a block may use of them

}  // namespace

namespace clientele::gpu {

alignas(16) unsigned char dynamic_shared_bytes[kSharedBytes + kGuardBytes];

}  // namespace clientele::gpu

namespace clientele::stand_in {

namespace {

constexpr size_t kStackBytes = 128 * 1024;
constexpr int kWarp = 32;
constexpr unsigned char kRubbish = 0xA5, kGuard = 0xC3;

enum class State : unsigned char { ready, waiting, finished };

struct Copy {
  void* to;
  const void* from;
  size_t bytes;
};

/// A fiber's stack is set up by makecontext once; from then on switching is _setjmp and _longjmp, which make no system
/// calls, and the fiber runs one thread after the other.
struct Fiber {
  jmp_buf place;
  bool entered = false;
  std::vector<char> stack = std::vector<char>(kStackBytes);
  unsigned exchanges = 0;                 // that this thread has taken part in
  std::vector<Copy> open_batch;           // asynchronous copies since the last commit
  std::deque<std::vector<Copy>> batches;  // committed and not yet made
};

/// Threads [begin, end), which pass together when all that are not finished have come.
struct Barrier {
  unsigned begin = 0, end = 0;
  unsigned alive = 0;
  unsigned waiting = 0;
};

struct Warp {
  uint64_t values[2][kWarp] =
      {};  // of even and odd exchanges: the last one's are read while the next one's are written
  Barrier barrier;
};

class Block {
 public:
  void run(unsigned threads, bool descending, const std::function<void()>& thread) {
    while (fibers_.size() < threads) fibers_.emplace_back();
    states_.assign(threads, State::ready);
    for (Fiber& fiber : fibers_) {
      fiber.exchanges = 0;
      fiber.open_batch.clear();
      fiber.batches.clear();
    }
    all_ = {0, threads, threads, 0};
    warps_.assign((threads + kWarp - 1) / kWarp, {});
    for (unsigned w = 0; w < warps_.size(); ++w) {
      const unsigned end = (w + 1) * kWarp < threads ? (w + 1) * kWarp : threads;
      warps_[w].barrier = {w * kWarp, end, end - w * kWarp, 0};
    }
    thread_ = &thread;
    while (all_.alive > 0) {
      bool progress = false;
      for (unsigned i = 0; i < threads; ++i) progress = resume(descending ? threads - 1 - i : i) || progress;
      if (!progress) {
        std::fputs("stand-in for CUDA: threads of a block wait at different barriers\n", stderr);
        std::abort();
      }
    }
  }

  void synchronise() { wait(all_); }

  const uint64_t* exchange(uint64_t mine) {
    Warp& warp = warps_[current_ / kWarp];
    uint64_t* values = warp.values[fibers_[current_].exchanges++ % 2];
    values[current_ % kWarp] = mine;
    wait(warp.barrier);
    return values;
  }

  Fiber& current() { return fibers_[current_]; }

  static Block& running() {
    static Block block;
    return block;
  }

 private:
  static void entry() {
    Block& block = running();
    for (;;) {
      (*block.thread_)();
      block.finish();
    }
  }

  void wait(Barrier& barrier) {
    states_[current_] = State::waiting;
    ++barrier.waiting;
    pass_if_complete(barrier);
    leave();
  }

  void finish() {
    states_[current_] = State::finished;
    Barrier& warp = warps_[current_ / kWarp].barrier;
    --all_.alive;
    --warp.alive;
    pass_if_complete(all_);
    pass_if_complete(warp);
    leave();
  }

  void pass_if_complete(Barrier& barrier) {
    if (barrier.waiting == 0 || barrier.waiting != barrier.alive) return;
    barrier.waiting = 0;
    for (unsigned i = barrier.begin; i < barrier.end; ++i)
      if (states_[i] == State::waiting) states_[i] = State::ready;
  }

  /// Back to the scheduler; returns when it resumes this fiber.
  void leave() {
    if (_setjmp(fibers_[current_].place) == 0) _longjmp(scheduler_, 1);
  }

  bool resume(unsigned i) {
    if (states_[i] != State::ready) return false;
    current_ = i;
    threadIdx = dim3(i, 0, 0);
    if (_setjmp(scheduler_) != 0) return true;
    if (fibers_[i].entered) _longjmp(fibers_[i].place, 1);
    enter(fibers_[i]);
    return true;
  }

  static void enter(Fiber& fiber) {
    fiber.entered = true;
    ucontext_t context;
    getcontext(&context);
    context.uc_stack.ss_sp = fiber.stack.data();
    context.uc_stack.ss_size = fiber.stack.size();
    context.uc_link = nullptr;
    makecontext(&context, entry, 0);
    setcontext(&context);
  }

  std::deque<Fiber> fibers_;  // stay where they are
  std::vector<State> states_;
  std::vector<Warp> warps_;
  Barrier all_;
  jmp_buf scheduler_;
  const std::function<void()>* thread_ = nullptr;
  unsigned current_ = 0;
};

}  // namespace

const uint64_t* exchange_in_warp(uint64_t mine) {
  return Block::running().exchange(mine);
}

void copy_later(void* to, const void* from, size_t bytes) {
  const auto address = reinterpret_cast<uintptr_t>(to) | reinterpret_cast<uintptr_t>(from);
  if ((bytes != 4 && bytes != 8 && bytes != 16) || address % bytes != 0) {
    std::fputs("stand-in for CUDA: an asynchronous copy of a wrong size or alignment\n", stderr);
    std::abort();
  }
  Block::running().current().open_batch.push_back({to, from, bytes});
}

void close_batch_of_copies() {
  Fiber& fiber = Block::running().current();
  fiber.batches.push_back(std::move(fiber.open_batch));
  fiber.open_batch = {};
}

void wait_for_copies(size_t batches_left) {
  std::deque<std::vector<Copy>>& batches = Block::running().current().batches;
  for (; batches.size() > batches_left; batches.pop_front())
    for (const Copy& copy : batches.front()) std::memcpy(copy.to, copy.from, copy.bytes);
}

namespace {

void require_guard(const unsigned char* guard, size_t shared_bytes) {
  if (std::all_of(guard, guard + kGuardBytes, [](unsigned char byte) { return byte == kGuard; })) return;
  std::fprintf(stderr, "stand-in for CUDA: a block wrote behind its %zu bytes of dynamic shared memory\n",
               shared_bytes);
  std::abort();
}

}  // namespace

void run_grid(dim3 grid, dim3 block, size_t shared_bytes, const std::function<void()>& thread) {
  static bool descending = false;
  descending = !descending;
  gridDim = grid;
  blockDim = block;
  unsigned char* guard = gpu::dynamic_shared_bytes + shared_bytes;
  std::memset(guard, kGuard, kGuardBytes);
  for (unsigned y = 0; y < grid.y; ++y) {
    for (unsigned x = 0; x < grid.x; ++x) {
      std::memset(gpu::dynamic_shared_bytes, kRubbish, shared_bytes);
      blockIdx = dim3(x, y, 0);
      Block::running().run(block.x, descending, thread);
      require_guard(guard, shared_bytes);
    }
  }
}

}  // namespace clientele::stand_in

void __syncthreads() {
  clientele::stand_in::Block::running().synchronise();
}
