// Rows to measure on: overlapping groups, made fast and the same each time.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "clientele/compute/backends.h"

namespace clientele::bench {

/// Value of coordinate j of row i: one of `groups` centres plus noise.
class GroupedValues {
 public:
  GroupedValues(int d, int groups);
  double operator()(int64_t row, int j) const;
  /// k centroids: rows spread over the data.
  std::vector<float> start(int k, int64_t rows) const;

 private:
  int d_;
  int groups_;
  std::vector<double> centres_;
};

/// n x d rows in a block of the backend, by way of transform.
std::unique_ptr<RowBlock> make_block(Backend& backend, int64_t n, int d, const GroupedValues& values);

/// Throws unless labels of the first rows, and all sums, are what the definition says.
void check_pass(Backend& backend, const RowBlock& rows, const GroupedValues& values, const CentroidsView& centroids,
                const PassResult& pass);

}  // namespace clientele::bench
