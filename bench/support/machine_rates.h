// What this machine can do at most: the two sides of the roofline.
#pragma once

#include <cstdint>

#include "clientele/base/thread_pool.h"

namespace clientele::bench {

/// Measured on the threads of a pool, all at once. A rate is 0 where this processor has no measurement.
struct MachineRates {
  double gflops = 0;          ///< float32 FMA from registers, 2 operations a lane, 1e9 a second
  int lanes = 0;              ///< float32 lanes of the widest vector it was measured with: 8 or 16
  double gigabytes_read = 0;  ///< streaming read from memory (huge pages), 1e9 bytes a second
  /// Seconds below which no pass over n rows can be: 2 n k d operations or n d 4 bytes, whichever takes longer.
  double pass_seconds(int64_t n, int d, int k) const;
};

/// About half a second; 256 MiB a thread, at most 1 GiB, while it runs.
MachineRates machine_rates(ThreadPool& pool);

/// The first of the two alone: float32 FMA operations (2 a lane) a second, in GFLOP/s.
double fma_peak_gflops(ThreadPool& pool);

}  // namespace clientele::bench
