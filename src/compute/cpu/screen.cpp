#include "screen.h"

#include <algorithm>
#include <numeric>

#include "cpu_rows.h"

namespace clientele {
namespace {

/// Sizes as equal as they can be, large ones last, the first at most kGroup - 1.
std::vector<int> group_sizes(int k) {
  const int count = (k + kGroup) / kGroup;
  std::vector<int> sizes(static_cast<size_t>(count));
  for (int g = 0; g < count; ++g) sizes[static_cast<size_t>(g)] = (k + g) / count;
  return sizes;
}

}  // namespace

Screen::Screen(const CentroidsView& view)
    : k(view.k), d(view.d), centroids(view.data), growth(screen_growth(view.d)), tile_count((view.k + 15) / 16) {
  const size_t coordinates = static_cast<size_t>(d);
  bounds.reserve(static_cast<size_t>(k));
  packed_.resize(static_cast<size_t>(k) * (coordinates + 2));
  tiles.resize(static_cast<size_t>(tile_count) * kTileRows * coordinates);
  indices_.resize(static_cast<size_t>(k));
  std::iota(indices_.begin(), indices_.end(), 0);
  float* next = packed_.data();
  int first = 0;
  for (const int size : group_sizes(k)) {
    float* panel = next;
    float* bias = panel + static_cast<size_t>(size) * (coordinates + 1);
    next = bias + size;
    for (int i = 0; i < size; ++i) {
      const float* c = centroids + static_cast<size_t>(first + i) * coordinates;
      double norm2 = 0;
      for (int j = 0; j < d; ++j) norm2 += static_cast<double>(c[j]) * static_cast<double>(c[j]);
      const ScreenBound bound = screen_bound(norm2, d);
      const bool reached = !std::isinf(bound.bias);
      for (int j = 0; j < d; ++j) panel[j * size + i] = reached ? -c[j] : 0.0f;
      panel[d * size + i] = bound.slope;
      bias[i] = bound.bias;
      bounds.push_back(bound);
      widest.linear = std::max(widest.linear, bound.linear);
      widest.square = std::max(widest.square, bound.square);
      widest.constant = std::max(widest.constant, bound.constant);
      float* tile = tiles.data() + static_cast<size_t>((first + i) / kTileRows) * kTileRows * coordinates;
      for (int j = 0; j < d; ++j) tile[j * kTileRows + (first + i) % kTileRows] = c[j];
    }
    groups.push_back({size, panel, bias, indices_.data() + first});
    first += size;
  }
}

}  // namespace clientele
