// Stand-in for CUB's selection by flags (see stand_in.h).
#pragma once

#include "stand_in.h"

namespace cub {

struct DeviceSelect {
  template <class Value, class Flag, class Selected, class Count>
  static cudaError_t Flagged(void* scratch, size_t& bytes, const Value* values, const Flag* flags, Value* selected,
                             Selected* selected_count, Count count, cudaStream_t) {
    if (scratch == nullptr) {
      bytes = 1;
      return cudaSuccess;
    }
    Selected found = 0;
    for (Count i = 0; i < count; ++i)
      if (flags[i] != 0) selected[found++] = values[i];
    *selected_count = found;
    return cudaSuccess;
  }
};

}  // namespace cub
