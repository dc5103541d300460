// The normalised n x d float32 features of this rank, as a sequence of backend blocks in ascending row order.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "clientele/base/fixed_point.h"
#include "clientele/compute/backend.h"

namespace clientele {

struct RowBlocks {
  int64_t total_rows = 0;  ///< over all ranks
  int64_t first_row = 0;   ///< of this rank
  int64_t rows = 0;        ///< of this rank
  int d = 0;
  bool weighted = false;
  int weight_bits = 0;            ///< p: m = llrint(w 2^p)
  std::vector<double> scales;     ///< d fixed-point scales, the same on all ranks
  std::vector<double> variances;  ///< d: variance (ddof 0) of each feature over all ranks, unweighted
  std::vector<double> means;      ///< d: what was subtracted (FeatureSpace::means)
  std::vector<std::unique_ptr<RowBlock>> blocks;

  void each(const std::function<void(RowBlock&)>& body) {
    for (auto& block : blocks) body(*block);
  }
};

}  // namespace clientele
