// A block of rows of the engine's space, owned by a backend: n x d float32 features in whatever layout the backend
// likes, with per-row slots: label (int32, -1 none), weight m (int64, present only in weighted jobs) and min_d2
// (double, present while seeding).
#pragma once

#include <cstdint>

namespace clientele {

/// Rows [first, last) of a block, counted from its first.
struct LocalRows {
  int64_t first = 0;
  int64_t last = 0;
};

/// How a backend lays features out on a page of host memory: in groups of rows, ascending, the last one padded.
struct PageLayout {
  int64_t group_rows = 0;  ///< 0: the backend keeps features in memory of its own only
  int64_t group_bytes = 0;
  int buffers = 0;  ///< in memory of the backend's own that a lent page is copied to, in turns; 0: used where it lies

  int64_t bytes(int64_t rows) const { return (rows + group_rows - 1) / group_rows * group_bytes; }
};

class RowBlock {
 public:
  virtual ~RowBlock() = default;
  int64_t first_row() const { return first_row_; }  ///< global index of row 0
  int64_t rows() const { return rows_; }
  int d() const { return d_; }
  bool weighted() const { return weighted_; }

 protected:
  RowBlock(int64_t first_row, int64_t rows, int d, bool weighted)
      : first_row_(first_row), rows_(rows), d_(d), weighted_(weighted) {}
  int64_t first_row_;
  int64_t rows_;
  int d_;
  bool weighted_;
};

}  // namespace clientele
