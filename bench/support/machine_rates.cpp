#include "bench/support/machine_rates.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace clientele::bench {
namespace {

constexpr int kChains = 12;  // two units of four cycles need eight

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

#if defined(__x86_64__)

// Accumulators and loop in one block of assembly: a compiler that is given them one by one keeps them in memory.
#define CLIENTELE_CHAIN(width, to) "vfmadd231ps %%" width "14, %%" width "15, %%" width #to "\n\t"
#define CLIENTELE_CHAINS(w) \
  CLIENTELE_CHAIN(w, 0)     \
  CLIENTELE_CHAIN(w, 1)     \
  CLIENTELE_CHAIN(w, 2)     \
  CLIENTELE_CHAIN(w, 3)     \
  CLIENTELE_CHAIN(w, 4)     \
  CLIENTELE_CHAIN(w, 5)     \
  CLIENTELE_CHAIN(w, 6)     \
  CLIENTELE_CHAIN(w, 7)     \
  CLIENTELE_CHAIN(w, 8) CLIENTELE_CHAIN(w, 9) CLIENTELE_CHAIN(w, 10) CLIENTELE_CHAIN(w, 11)
// vzeroall: the chains begin at +0 and stay there, so that nothing is denormal.
#define CLIENTELE_CHAIN_LOOP(w)                                                                                        \
  __asm__ volatile("vzeroall\n\t1:\n\t" CLIENTELE_CHAINS(w) "dec %0\n\tjnz 1b\n\tvzeroupper"                           \
                   : "+r"(steps)                                                                                       \
                   :                                                                                                   \
                   : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", \
                     "xmm12", "xmm13", "xmm14", "xmm15", "cc")

void chains_avx2(int64_t steps) {
  CLIENTELE_CHAIN_LOOP("ymm");
}

void chains_avx512(int64_t steps) {
  CLIENTELE_CHAIN_LOOP("zmm");
}

int vector_lanes() {
  if (__builtin_cpu_supports("avx512f")) return 16;
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? 8 : 0;
}

/// Reads `bytes` (a multiple of 256) once; `ahead` bytes are prefetched.
__attribute__((target("avx2"))) int read_through(const char* data, size_t bytes, size_t ahead) {
  __m256i acc[4] = {};
  for (size_t at = 0; at < bytes; at += 256) {
    for (size_t line = 0; line < 256; line += 64) _mm_prefetch(data + at + ahead + line, _MM_HINT_T0);
    for (size_t i = 0; i < 8; ++i) {
      const __m256i value = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data + at + 32 * i));
      acc[i % 4] = _mm256_or_si256(acc[i % 4], value);
    }
  }
  const __m256i all = _mm256_or_si256(_mm256_or_si256(acc[0], acc[1]), _mm256_or_si256(acc[2], acc[3]));
  return _mm256_testz_si256(all, all);
}

double read_rate(ThreadPool& pool) {
  constexpr size_t kPiece = size_t{2} << 20;
  const size_t bytes = std::min<size_t>(size_t{256} << 20, (size_t{1} << 30) / static_cast<size_t>(pool.threads())) /
                       kPiece * kPiece * static_cast<size_t>(pool.threads());
  void* raw = mmap(nullptr, bytes + kPiece, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (raw == MAP_FAILED) return 0;
  char* data = static_cast<char*>(raw) + (kPiece - reinterpret_cast<uintptr_t>(raw) % kPiece) % kPiece;
  madvise(data, bytes, MADV_HUGEPAGE);
  const int64_t pieces = static_cast<int64_t>(bytes / kPiece);
  pool.parallel_for(pieces, [&](int64_t i, int) { std::memset(data + static_cast<size_t>(i) * kPiece, 0, kPiece); });
  double best = 0;
  std::atomic<int64_t> zeros = 0;
  for (const size_t ahead : {size_t{0}, size_t{512}, size_t{1024}, size_t{2048}, size_t{4096}})
    for (int round = 0; round < 3; ++round) {
      const auto begin = std::chrono::steady_clock::now();
      pool.parallel_for(pieces, [&](int64_t i, int) {
        zeros += read_through(data + static_cast<size_t>(i) * kPiece, kPiece, ahead);
      });
      best = std::max(best, static_cast<double>(bytes) / seconds_since(begin) / 1e9);
    }
  munmap(raw, bytes + kPiece);
  return zeros == 0 ? 0 : best;
}

#else

int vector_lanes() {
  return 0;
}
double read_rate(ThreadPool&) {
  return 0;
}

#endif

}  // namespace

double MachineRates::pass_seconds(int64_t n, int d, int k) const {
  const double values = static_cast<double>(n) * d;
  const double computing = gflops > 0 ? 2 * values * k / (gflops * 1e9) : 0;
  const double reading = gigabytes_read > 0 ? 4 * values / (gigabytes_read * 1e9) : 0;
  return std::max(computing, reading);
}

double fma_peak_gflops(ThreadPool& pool) {
  const int lanes = vector_lanes();
  if (lanes == 0) return 0;
  double best = 0;
#if defined(__x86_64__)
  constexpr int64_t kSteps = 500'000;
  const int64_t tasks = 8 * pool.threads();
  for (int round = 0; round < 5; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    pool.parallel_for(tasks, [&](int64_t, int) { lanes == 16 ? chains_avx512(kSteps) : chains_avx2(kSteps); });
    const double operations = 2.0 * lanes * kChains * static_cast<double>(kSteps * tasks);
    best = std::max(best, operations / seconds_since(begin) / 1e9);
  }
#else
  (void)pool;
#endif
  return best;
}

MachineRates machine_rates(ThreadPool& pool) {
  MachineRates rates;
  rates.lanes = vector_lanes();
  rates.gflops = fma_peak_gflops(pool);
  rates.gigabytes_read = rates.lanes == 0 ? 0 : read_rate(pool);
  return rates;
}

}  // namespace clientele::bench
