// Centroids of one pass, packed for the screen and for the canonical recheck.
#pragma once

#include <cstdint>
#include <vector>

#include "clientele/compute/backend.h"
#include "clientele/compute/formulas.h"

namespace clientele {

/// Centroids side by side in one register block of the screen.
inline constexpr int kGroup = 6;

struct Screen {
  explicit Screen(const CentroidsView& centroids);

  /// A group of `size` consecutive centroids. panel: d x size negated coordinates, then size slopes; bias and index:
  /// size values.
  struct Group {
    int size;
    const float* panel;
    const float* bias;
    const int32_t* index;
  };

  int k;
  int d;
  const float* centroids;           ///< k x d, row-major; the caller's, alive during the pass
  std::vector<Group> groups;        ///< the first has at most kGroup - 1, so that the rows' norms fit beside it
  std::vector<ScreenBound> bounds;  ///< k
  ScreenBound widest;               ///< its gap is at least every centroid's
  float growth;                     ///< of screen_length
  std::vector<float> tiles;         ///< the centroids as tiles of 16 "rows"
  int64_t tile_count;

 private:
  std::vector<float> packed_;
  std::vector<int32_t> indices_;
};

}  // namespace clientele
