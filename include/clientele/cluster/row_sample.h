// A sample of the rows that every rank holds in full.
#pragma once

#include <cstdint>
#include <vector>

#include "clientele/cluster/cluster.h"

namespace clientele {

struct RowSample {
  int d = 0;
  std::vector<int64_t> row;     ///< global, ascending
  std::vector<float> values;    ///< rows() x d, row-major, engine space
  std::vector<int64_t> weight;  ///< m, scaled down where needed: 8 copies of each still sum up to less than 2^42
  std::vector<double> scales, variances;  ///< RowBlocks' own

  int64_t rows() const { return static_cast<int64_t>(row.size()); }
  const float* values_of(int64_t i) const { return values.data() + i * d; }
};

/// The `count` rows (of positive weight) of the smallest keys of the sample that starts are found on: all rows if there
/// are no more. Collective.
RowSample draw_row_sample(RowBlocks& rows, int64_t count, uint64_t seed, Env& env);

/// The sample as one weighted block of env's backend: row i is global row i there.
RowBlocks make_sample_blocks(const RowSample& sample, Env& env);

}  // namespace clientele
