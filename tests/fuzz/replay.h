// Runs a fuzz target without libFuzzer: all seeds as they are, then a fixed number of mutations of each, the same ones
// every time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace clientele::test {

struct Replayed {
  int64_t runs = 0;
  int64_t library_faults = 0;  ///< inputs on which the HDF5 library itself crashed or hung: no fault of the target
  int64_t faults = 0;          ///< inputs on which the target crashed, hung or reported an error of memory
};

/// Each input in a process of its own. The inputs of the first faults are kept in the working folder.
Replayed replay(const std::vector<std::vector<uint8_t>>& seeds, int mutations);

}  // namespace clientele::test
