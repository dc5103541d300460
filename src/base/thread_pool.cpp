#include "clientele/base/thread_pool.h"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "clientele/base/errors.h"
#include "clientele/base/float_environment.h"
#include "processor_quota.h"

namespace clientele {

namespace {

// A task that waits for a pool from inside a pool may wait for itself, so each thread knows the pools it runs tasks of,
// the innermost first.
class InsideTask {
 public:
  explicit InsideTask(const void* pool) : pool_(pool), outer_(innermost) { innermost = this; }
  ~InsideTask() { innermost = outer_; }
  InsideTask(const InsideTask&) = delete;
  InsideTask& operator=(const InsideTask&) = delete;

  static bool any() { return innermost != nullptr; }
  static bool of(const void* pool) {
    for (const InsideTask* each = innermost; each != nullptr; each = each->outer_)
      if (each->pool_ == pool) return true;
    return false;
  }

 private:
  const void* pool_;
  const InsideTask* outer_;
  static thread_local const InsideTask* innermost;
};
thread_local const InsideTask* InsideTask::innermost = nullptr;

/// One parallel_for under way.
struct Work {
  Work(int64_t tasks, const std::function<void(int64_t, int)>& body, const void* runs_in)
      : task(body), count(tasks), pool(runs_in) {}

  const std::function<void(int64_t, int)>& task;
  const int64_t count;
  const void* const pool;
  std::atomic<int64_t> next{0};
  std::mutex failing;
  int64_t failed_index = -1;
  std::exception_ptr failure;

  void run(int worker) {
    const InsideTask inside(pool);
    for (;;) {
      const int64_t index = next.fetch_add(1, std::memory_order_relaxed);
      if (index >= count) return;
      try {
        task(index, worker);
      } catch (...) {
        const std::lock_guard lock(failing);
        next.store(count, std::memory_order_relaxed);
        if (failed_index < 0 || index < failed_index) {
          failed_index = index;
          failure = std::current_exception();
        }
      }
    }
  }
};

}  // namespace

struct ThreadPool::State {
  std::mutex turn;  // held by the one caller whose parallel_for runs
  std::mutex guard;
  std::condition_variable wake;
  std::condition_variable idle;
  Work* work = nullptr;     // open to workers while not null
  uint64_t generation = 0;  // so that a worker joins each piece of work once
  int inside = 0;           // workers that look at *work
  bool stopping = false;
  std::vector<std::thread> workers;

  void serve(int worker) {
    use_default_float_environment();
    uint64_t seen = 0;
    std::unique_lock lock(guard);
    for (;;) {
      wake.wait(lock, [&] { return stopping || (work != nullptr && generation != seen); });
      if (stopping) return;
      seen = generation;
      Work& mine = *work;
      ++inside;
      lock.unlock();
      mine.run(worker);
      lock.lock();
      if (--inside == 0) idle.notify_one();
    }
  }

  void stop() {
    {
      const std::lock_guard lock(guard);
      stopping = true;
    }
    wake.notify_all();
    for (std::thread& worker : workers) worker.join();
    workers.clear();
  }
};

ThreadPool::ThreadPool(int threads) : state_(std::make_unique<State>()) {
  if (threads < 0) {
    throw Error{ErrorKind::usage,
                {.what = "wrong number of threads",
                 .expected = "0 (one for each processor) or more",
                 .found = std::to_string(threads)}};
  }
  const int wanted = threads > 0 ? threads : usable_processors();
  try {
    for (int worker = 1; worker < wanted; ++worker)
      state_->workers.emplace_back([this, worker] { state_->serve(worker); });
  } catch (const std::system_error& error) {
    const size_t started = state_->workers.size() + 1;
    state_->stop();
    throw Error{ErrorKind::internal,
                {.what = "cannot start the worker threads",
                 .expected = std::to_string(wanted),
                 .found = std::to_string(started) + " (" + error.what() + ")",
                 .hint = "ask for fewer threads (run.threads)"}};
  }
}

ThreadPool::~ThreadPool() {
  state_->stop();
}

int ThreadPool::threads() const {
  return static_cast<int>(state_->workers.size()) + 1;
}

void ThreadPool::parallel_for(int64_t count, const std::function<void(int64_t index, int worker)>& task) {
  const bool alone = state_->workers.empty();  // waits for nobody but itself
  if (alone ? InsideTask::of(state_.get()) : InsideTask::any()) {
    throw Error{
        ErrorKind::internal,
        {.what = "parallel_for inside a task of a thread pool", .hint = "run the inner loop in the task itself"}};
  }
  if (count <= 0) return;
  const std::lock_guard turn(state_->turn);
  const DefaultFloatEnvironment environment;
  Work work(count, task, state_.get());
  if (count == 1 || state_->workers.empty()) {
    work.run(0);
  } else {
    {
      const std::lock_guard lock(state_->guard);
      state_->work = &work;
      ++state_->generation;
    }
    state_->wake.notify_all();
    work.run(0);
    std::unique_lock lock(state_->guard);
    state_->work = nullptr;  // who has not woken up yet need not
    state_->idle.wait(lock, [&] { return state_->inside == 0; });
  }
  if (work.failure) std::rethrow_exception(work.failure);
}

}  // namespace clientele
