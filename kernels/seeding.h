// k-means++ on the device: weighted draws, potentials, distances to the nearest seed; and samples by smallest random
// key.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "clientele/compute/backend.h"
#include "rows.h"

namespace clientele::gpu {

/// Throws Error{internal} outside SampleOps::start_seeding and end_seeding.
void require_seeding(const CudaRows& rows);
/// SampleOps::draw.
void draw_rows(const CudaRows& rows, std::span<const RandomKey> keys, std::span<Draw> draws);
/// SampleOps::potentials.
void append_potentials(const CudaRows& rows, HostView<const float> candidates, std::span<CanonicalSum> potentials);
/// SampleOps::lower_min_d2.
void lower_to_centroid(CudaRows& rows, std::span<const float> centroid);
/// SampleOps::lower_to_own.
void lower_to_own(CudaRows& rows, const CentroidsView& centroids);
/// SampleOps::smallest_keys.
void merge_smallest_keys(const CudaRows& rows, const RandomKey& key, int64_t count,
                         std::vector<std::pair<uint64_t, int64_t>>& smallest);
/// SampleOps::sample_below.
void append_sample(const CudaRows& rows, const RandomKey& key, uint64_t limit, SampledRows& sample);

}  // namespace clientele::gpu
