// A copy of a block's features in about half the bytes: rounded to bf16, with a bound on each row's rounding. A device
// keeps it where the features themselves lie on pages, and looks at it before it asks for those (renewed_bounds.h).
#pragma once

#include <optional>

#include "device.h"
#include "tile.h"

namespace clientele::gpu {

/// What kernels see. Device memory.
struct CompressedView {
  const uint32_t* pairs = nullptr;  ///< tiles of [pair of features][row]: the even one in the low half
  const float* errors = nullptr;    ///< of each row of whole tiles: at least |x - x'|
};

/// Pairs of features that a row's d features make, the last one filled up with a zero.
CLIENTELE_HD constexpr int pairs_of(int d) {
  return (d + 1) / 2;
}

class CompressedRows {
 public:
  /// Rubbish at first; nothing where memory runs out.
  static std::optional<CompressedRows> if_room(const Device& device, int64_t rows, int d);
  static int64_t bytes(int64_t rows, int d);

  /// Copies features that are all on the device, rounding padding too.
  void take(const Device& device, const RowsView& rows);
  CompressedView view() const { return {pairs_.data(), errors_.data()}; }

 private:
  Buffer<uint32_t> pairs_;
  Buffer<float> errors_;
};

}  // namespace clientele::gpu
