// Passes over rows on pages of the host's memory, beside the same passes over resident rows.
#pragma once

#include <cstdint>

#include "clientele/compute/backends.h"

namespace clientele::bench {

struct StreamedShape {
  int64_t n;
  int d, k;
  int64_t block_rows;
};

/// Bytes of device memory that measure_streamed takes.
int64_t streamed_bytes(const Backend& backend, const StreamedShape& shape);
/// Prints one JSON object: milliseconds of a pass that finds every label anew, over resident rows, pinned pages and
/// pages that are not, and what the last two come to in GB/s of features. Throws unless all give the same results.
void measure_streamed(Backend& backend, const StreamedShape& shape);

}  // namespace clientele::bench
