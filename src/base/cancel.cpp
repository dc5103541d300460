#include "clientele/base/cancel.h"

#include <atomic>
#include <csignal>
#include <string>

#include "clientele/base/errors.h"

namespace clientele {

namespace {

// A signal handler can reach nothing but a lock-free global.
std::atomic<int> cancel_signal{0};
static_assert(std::atomic<int>::is_always_lock_free);

}  // namespace

void request_cancel(int signal_number) noexcept {
  cancel_signal.store(signal_number, std::memory_order_relaxed);
}

int cancel_requested() noexcept {
  return cancel_signal.load(std::memory_order_relaxed);
}

void check_cancel() {
  const int signal_number = cancel_requested();
  if (signal_number == 0) return;
  if (signal_number == SIGINT) {
    throw Error{ErrorKind::interrupted, {.what = "interrupted by the user (SIGINT)"}};
  }
  if (signal_number == SIGHUP) {
    throw Error{ErrorKind{128 + SIGHUP},
                {.what = "terminated by SIGHUP: the terminal is gone", .hint = "nohup keeps a job."}};
  }
  const std::string name = signal_number == SIGTERM ? "SIGTERM" : "signal " + std::to_string(signal_number);
  throw Error{ErrorKind::terminated, {.what = "terminated by " + name}};
}

}  // namespace clientele
