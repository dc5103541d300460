#include "clientele/compute/drift.h"

#include "clientele/compute/formulas.h"

namespace clientele {

void Drift::add(std::span<const float> from, std::span<const float> to, int d) {
  const size_t k = segment.size();
  const size_t width = static_cast<size_t>(d);
  for (size_t c = 0; c < k; ++c) moved[c] = centroid_movement(from.data() + c * width, to.data() + c * width, d);
  const LargestMovements all = largest_movements(moved.data(), static_cast<int>(k));
  for (size_t c = 0; c < k; ++c) segment[c] = segment_after(segment[c], moved[c], static_cast<int>(c), all);
  any = any_after(any, all);
  ++steps;
}

}  // namespace clientele
