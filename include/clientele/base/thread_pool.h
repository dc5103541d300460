// Fixed set of worker threads with dynamic work sharing. Results must not depend on which worker runs which task:
// callers give each task its own place to write. Every worker starts from the default floating-point environment.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace clientele {

class ThreadPool {
 public:
  /// threads >= 1; 0 means one for each processor this process may run on (affinity mask and cgroup quota).
  explicit ThreadPool(int threads = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const;

  /// Runs task(index, worker) for index in [0, count), worker in [0, threads()); returns when all are done. The caller
  /// takes part as worker 0. The first exception thrown (lowest index among those that ran) is rethrown here after the
  /// rest was abandoned. Not from inside a task, but for another pool of one thread; by several threads in turn only.
  void parallel_for(int64_t count, const std::function<void(int64_t index, int worker)>& task);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace clientele
