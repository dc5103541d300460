#include "dip.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace clientele {

namespace {

/// A jump of the empirical distribution function, in counts: from `below` to `through` at x.
struct Step {
  double x = 0, below = 0, through = 0;
};

std::vector<Step> steps_of(std::span<const double> ascending) {
  std::vector<Step> steps;
  for (size_t i = 0; i < ascending.size(); ++i) {
    const double below = static_cast<double>(i);
    if (steps.empty() || ascending[i] != steps.back().x) steps.push_back({ascending[i], below, below});
    steps.back().through = below + 1;
  }
  return steps;
}

/// The same seen from the other end: what was concave is convex.
std::vector<Step> mirrored(std::span<const Step> steps) {
  std::vector<Step> out;
  const double n = steps.back().through;
  for (size_t i = steps.size(); i-- > 0;) out.push_back({-steps[i].x, n - steps[i].through, n - steps[i].below});
  return out;
}

/// Twice the distance, in counts, of steps 0 .. mode to the nearest convex function: the largest height of a step above
/// the greatest convex minorant of the lower corners. `knots` is scratch.
double bulge(std::span<const Step> steps, size_t mode, std::vector<size_t>& knots) {
  knots.clear();
  for (size_t i = 0; i <= mode; ++i) {
    while (knots.size() >= 2) {
      const Step &a = steps[knots[knots.size() - 2]], &b = steps[knots.back()];
      if ((b.below - a.below) * (steps[i].x - b.x) < (steps[i].below - b.below) * (b.x - a.x)) break;
      knots.pop_back();
    }
    knots.push_back(i);
  }
  double most = 0;
  for (size_t knot = 0; knot + 1 < knots.size(); ++knot) {
    const Step &a = steps[knots[knot]], &b = steps[knots[knot + 1]];
    const double slope = (b.below - a.below) / (b.x - a.x);
    for (size_t i = knots[knot]; i < knots[knot + 1]; ++i)
      most = std::max(most, steps[i].through - (a.below + (steps[i].x - a.x) * slope));
  }
  return most;
}

}  // namespace

double dip(std::span<const double> ascending) {
  if (ascending.empty()) return 0;
  const std::vector<Step> steps = steps_of(ascending), back = mirrored(steps);
  std::vector<size_t> knots;
  const size_t last = steps.size() - 1;
  const auto before = [&](size_t mode) { return bulge(steps, mode, knots); };
  const auto after = [&](size_t mode) { return bulge(back, last - mode, knots); };
  // The bulge before the mode only grows with it and that after it only shrinks: the best mode is where they cross.
  size_t low = 0, high = last;  // before(low) <= after(low) or low = 0; before(high) >= after(high) or high = last
  while (high - low > 1) {
    const size_t middle = low + (high - low) / 2;
    (before(middle) < after(middle) ? low : high) = middle;
  }
  const double twice = std::min(std::max(before(low), after(low)), std::max(before(high), after(high)));
  return std::max(twice, 1.0) / (2 * static_cast<double>(ascending.size()));
}

}  // namespace clientele
