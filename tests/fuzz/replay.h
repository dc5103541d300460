// Runs a fuzz target without libFuzzer: all seeds as they are, then a fixed number of mutations of each, the same ones
// every time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace clientele::test {

/// Returns how many inputs were run.
int64_t replay(const std::vector<std::vector<uint8_t>>& seeds, int mutations);

}  // namespace clientele::test
