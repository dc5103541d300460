// Sums per segment that stream past once: moments of number columns, counts of categories, margins.
#pragma once

#include <cstdint>
#include <vector>

#include "clientele/base/canonical.h"
#include "labelled_rows.h"
#include "segment_quantiles.h"

namespace clientele {

/// Columns are positions in the lists below.
struct ProfileColumns {
  std::vector<int> numbers;          ///< source columns
  std::vector<int> categories;       ///< source columns
  std::vector<int> category_levels;  ///< size of each one's dictionary
};

struct SegmentStatistics {
  std::vector<Moments> numbers;                  ///< numbers x k: present (sum of m), mean and m2 only, by weight
  std::vector<int64_t> present_rows;             ///< numbers x k: rows with a value, whatever their weight
  std::vector<std::vector<int64_t>> categories;  ///< per category column k x levels: sums of m
  std::vector<double> margin_sums;               ///< k: sums of m * margin
};

/// One reading. Sums run in row order inside a 65,536-row block and segment (shift: the first present value), blocks
/// merge in ascending order over all ranks: the same bytes for any number of threads or ranks and any piece size. Feeds
/// `quantiles` on the way.
SegmentStatistics segment_statistics(const LabelledRows& rows, const ProfileColumns& columns,
                                     std::span<const float> margins, SegmentQuantiles& quantiles);

}  // namespace clientele
