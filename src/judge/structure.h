#pragma once

#include "clientele/cluster/row_sample.h"
#include "clientele/judge/evidence.h"

namespace clientele {

/// seed: halves the sample, by a pure function of seed and global row.
Structure test_structure(const RowSample& sample, bool spherical, uint64_t seed);

}  // namespace clientele
