#include "handles.h"

#include <pthread.h>

#include <atomic>

#include "lzf_filter.h"

namespace clientele::h5 {
namespace {

thread_local int depth = 0;  // locks of this thread
std::atomic<bool> holder_busy = false;
std::atomic<uint64_t> holder_turn = 0;
std::atomic<clockid_t> holder_clock = 0;

clockid_t own_clock() {
  clockid_t clock = CLOCK_PROCESS_CPUTIME_ID;
  pthread_getcpuclockid(pthread_self(), &clock);
  return clock;
}

std::recursive_mutex& library_mutex() {
  static std::recursive_mutex mutex;
  return mutex;
}

bool start_library() {
  H5dont_atexit();
  H5open();
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  H5PLset_loading_state(0);
  register_lzf();
  return true;
}

/// The walk goes from the innermost call outwards: the first message names the cause, the last one the call we made.
herr_t collect(unsigned n, const H5E_error2_t* error, void* data) {
  auto& text = *static_cast<std::string*>(data);
  if (error->desc == nullptr || error->desc[0] == '\0') return 0;
  if (n == 0) text = error->desc;
  if (n == 1 && text != error->desc) text += std::string(" (") + error->desc + ")";
  return 0;
}

}  // namespace

Lock::Lock() : held_(library_mutex()) {
  if (depth++ > 0) return;
  thread_local const clockid_t clock = own_clock();
  holder_clock = clock;
  ++holder_turn;
  holder_busy = true;
  static const bool started = start_library();
  static_cast<void>(started);
}

Lock::~Lock() {
  if (--depth == 0) holder_busy = false;
}

Lock::Holder Lock::holder() {
  return {holder_busy, holder_turn, holder_clock};
}

bool Lock::held_here() {
  return depth > 0;
}

herr_t Handle::reset() noexcept {
  if (id_ < 0) return 0;
  const Lock lock;
  return closer_(std::exchange(id_, -1));
}

std::string take_library_message() {
  std::string text;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, collect, &text);
  H5Eclear2(H5E_DEFAULT);
  return text;
}

}  // namespace clientele::h5
