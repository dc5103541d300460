// Rounds of a sweep's models on one read of the rows, beside the same rounds of one model after the other.
#pragma once

#include <cstdint>

#include "clientele/compute/backends.h"

namespace clientele::bench {

struct SweepShape {
  int64_t n;
  int d;
  int first_k, last_k;
  int64_t rounds;  ///< of each model, from cleared labels
};

/// Bytes of device memory that measure_sweep takes.
int64_t sweep_bytes(const Backend& backend, const SweepShape& shape);
/// Prints one JSON object: milliseconds together and one after the other, and the share of time that is left. Throws
/// unless both give the same results and labels.
void measure_sweep(Backend& backend, const SweepShape& shape);

}  // namespace clientele::bench
