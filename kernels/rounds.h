// Several rounds of Lloyd's loop without the host: after each pass the device itself moves the centroids, lays them out
// for the screen, adds up their drift and finds out whether the rounds are over. Models and rows of the fused pass.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "clientele/compute/backend.h"
#include "device.h"
#include "paths.h"

namespace clientele::gpu {

/// AssignOps::rounds.
std::vector<PassResult> label_in_rounds(const Device& device, const Paths& paths,
                                        std::span<const std::unique_ptr<RowBlock>> blocks, const LoopState& state,
                                        int64_t most);

/// AssignOps::rounds_together, see together.h.
std::vector<std::vector<PassResult>> label_together(const Device& device, const Paths& paths,
                                                    std::span<const std::unique_ptr<RowBlock>> blocks,
                                                    std::span<const ModelRounds> models);

}  // namespace clientele::gpu
