// The published rows of kept clients spread over all clients of the input.
#pragma once

#include <cstdint>
#include <vector>

#include "clientele/cluster/cluster.h"
#include "clientele/data/segments_file.h"
#include "clientele/prep/clean.h"

namespace clientele {

struct ClientRows {
  std::vector<int32_t> segment, second_best;
  std::vector<float> distance, margin;
  std::vector<int8_t> excluded;

  SegmentRows view(const IdColumn& ids) const;
};

/// Takes the arrays out of `published` where every client was kept, else spreads them one at a time. Takes
/// rows.excluded.
ClientRows spread_rows(Published& published, CleanRows& rows);

/// {"duplicate": 3, ...}: the reasons that occur.
Json exclusion_counts(const std::vector<int8_t>& excluded);

}  // namespace clientele
