// Random choices by smallest key: pure functions of seed, purpose and global row, whoever evaluates them.
#pragma once

#include <utility>
#include <vector>

#include "cpu_backend.h"

namespace clientele {

/// SampleOps::draw.
void merge_draws(const Cpu& cpu, const CpuRows& rows, std::span<const RandomKey> keys, std::span<Draw> draws);
/// SampleOps::smallest_keys.
void merge_smallest_keys(const Cpu& cpu, const CpuRows& rows, const RandomKey& key, int64_t count,
                         std::vector<std::pair<uint64_t, int64_t>>& smallest);
/// SampleOps::sample_below.
void append_sample(const Cpu& cpu, const CpuRows& rows, const RandomKey& key, uint64_t limit, SampledRows& sample);

}  // namespace clientele
