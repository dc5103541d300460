#include "crash_guard.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>
#include <mutex>
#include <thread>

#include "clientele/data/crash_guard.h"
#include "handles.h"

namespace clientele {
namespace {

// Only these are touched by the handler, which may not allocate or lock.
constexpr size_t kLongestMessage = 8192;
/// Of processor time in one turn of the library's lock, which covers at most one piece of a dataset.
constexpr double kMostSeconds = 20;
char text[kLongestMessage];
std::atomic<size_t> text_bytes = 0;  // 0: not armed
int code = 0;

std::function<std::string(const std::string&)> message_of;
std::mutex arming;
char handler_stack[64 << 10];  // a library that recursed too deep has no other left

[[noreturn]] void end_with_message() {
  const size_t bytes = text_bytes;
  for (size_t done = 0; done < bytes;) {
    const ssize_t written = write(STDERR_FILENO, text + done, bytes - done);
    if (written <= 0) break;
    done += static_cast<size_t>(written);
  }
  _exit(code);
}

void on_crash(int signal_number) {
  if (text_bytes > 0 && h5::Lock::held_here()) end_with_message();
  raise(signal_number);  // SA_RESETHAND: this time it kills
}

/// Looks every second at the thread that is in the library. Its processor time counts, not the clock on the wall: a
/// slow disk is no fault.
[[noreturn]] void watch_for_hangs() {
  uint64_t seen = 0;
  double begun = 0;
  for (;; std::this_thread::sleep_for(std::chrono::seconds(1))) {
    const h5::Lock::Holder holder = h5::Lock::holder();
    if (!holder.busy || text_bytes == 0) continue;
    timespec used = {};
    if (clock_gettime(holder.clock, &used) != 0) continue;
    const double seconds = static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
    if (holder.turn != seen) {
      seen = holder.turn;
      begun = seconds;
    }
    if (seconds - begun > kMostSeconds) end_with_message();
  }
}

void start_watch() {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // signals are for the other threads
  std::thread(watch_for_hangs).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace

void install_crash_guard(int exit_code, std::function<std::string(const std::string& path)> message) {
  code = exit_code;
  message_of = std::move(message);
  stack_t stack = {};
  stack.ss_sp = handler_stack;
  stack.ss_size = sizeof handler_stack;
  sigaltstack(&stack, nullptr);
  struct sigaction action = {};
  action.sa_handler = on_crash;
  action.sa_flags = static_cast<int>(SA_ONSTACK | SA_RESETHAND | SA_NODEFER);
  sigemptyset(&action.sa_mask);
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) sigaction(number, &action, nullptr);
  start_watch();
}

namespace h5 {

void arm_crash_guard(const std::string& path) {
  if (!message_of) return;
  const std::string message = message_of(path);
  const std::lock_guard lock(arming);
  text_bytes = 0;
  const size_t bytes = std::min(message.size(), kLongestMessage);
  std::memcpy(text, message.data(), bytes);
  text_bytes = bytes;
}

void disarm_crash_guard() {
  text_bytes = 0;
}

}  // namespace h5
}  // namespace clientele
