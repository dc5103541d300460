#include "tests/fuzz/replay.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <random>
#include <string>
#include <string_view>

extern "C" void __sanitizer_set_death_callback(void (*)()) __attribute__((weak));

namespace clientele::test {
namespace {

using Bytes = std::vector<uint8_t>;

void mutate(Bytes& bytes, std::mt19937_64& random) {
  const auto below = [&](size_t n) { return n == 0 ? 0 : static_cast<size_t>(random() % n); };
  constexpr uint8_t kEdges[] = {0x00, 0x01, 0x7F, 0x80, 0xFF};
  for (size_t edits = 1 + below(4); edits > 0 && !bytes.empty(); --edits) {
    const size_t at = below(bytes.size());
    switch (below(6)) {
      case 0:
        bytes[at] ^= static_cast<uint8_t>(1u << below(8));
        break;
      case 1:
        bytes[at] = kEdges[below(5)];
        break;
      case 2:
        bytes[at] = static_cast<uint8_t>(random());
        break;
      case 3: {  // a run of one value, as a wrong length or address has
        const uint8_t value = kEdges[below(5)];
        std::fill_n(bytes.begin() + static_cast<int64_t>(at), std::min<size_t>(8, bytes.size() - at), value);
        break;
      }
      case 4: {  // one place's bytes in another
        const size_t from = below(bytes.size());
        const size_t count = std::min({size_t{16}, bytes.size() - at, bytes.size() - from});
        std::copy_n(Bytes(bytes).begin() + static_cast<int64_t>(from), count, bytes.begin() + static_cast<int64_t>(at));
        break;
      }
      default:
        if (below(8) == 0) bytes.resize(at);
        break;
    }
  }
}

constexpr int kLibraryFault = 77;
constexpr unsigned kMostSeconds = 10;

/// The module that crashed: the innermost frame outside the C library and the sanitizers.
__attribute__((noinline)) bool in_hdf5() {
  void* frames[64];
  const int count = backtrace(frames, 64);
  for (int i = 0; i < count; ++i) {
    Dl_info info = {};
    if (dladdr(frames[i], &info) == 0 || info.dli_fname == nullptr) continue;
    const std::string_view module = info.dli_fname;
    if (module.find("hdf5") != std::string_view::npos) return true;
    const bool own = module.find(".so") == std::string_view::npos;
    if (own && i > 2) return false;  // the first frames are this function's and the handler's
  }
  return false;
}

__attribute__((noinline)) void on_crash(int number) {
  if (in_hdf5()) _exit(kLibraryFault);
  signal(number, SIG_DFL);
  raise(number);
}

__attribute__((noinline)) void on_report() {
  if (in_hdf5()) _exit(kLibraryFault);
}

void watch_crashes() {
  void* frames[1];
  backtrace(frames, 1);  // loads what it needs before memory may be damaged
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGALRM}) signal(number, on_crash);
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(on_report);
  alarm(kMostSeconds);
}

/// Returns the exit status of a child that runs the target.
int run_apart(const Bytes& bytes) {
  const pid_t child = fork();
  if (child == 0) {
    watch_crashes();
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    _exit(0);
  }
  int status = -1;
  if (child < 0 || waitpid(child, &status, 0) != child) return -1;
  return status;
}

void run_one(const Bytes& bytes, size_t seed, int mutation, Replayed& replayed) {
  ++replayed.runs;
  const int status = run_apart(bytes);
  if (status == 0) return;
  if (WIFEXITED(status) && WEXITSTATUS(status) == kLibraryFault) {
    ++replayed.library_faults;
    return;
  }
  if (++replayed.faults > 5) return;
  const std::string kept = "fault-" + std::to_string(seed) + "-" + std::to_string(mutation);
  std::ofstream(kept, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), std::ssize(bytes));
  std::fprintf(stderr, "wait status %d on an input that is kept in ./%s\n", status, kept.c_str());
}

}  // namespace

Replayed replay(const std::vector<Bytes>& seeds, int mutations) {
  std::mt19937_64 random(20261122);
  Replayed replayed;
  for (size_t seed = 0; seed < seeds.size(); ++seed) {
    run_one(seeds[seed], seed, 0, replayed);
    for (int i = 1; i <= mutations; ++i) {
      Bytes bytes = seeds[seed];
      mutate(bytes, random);
      run_one(bytes, seed, i, replayed);
    }
  }
  return replayed;
}

}  // namespace clientele::test
