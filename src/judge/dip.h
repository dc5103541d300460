// After Hartigan & Hartigan, "The dip test of unimodality", Annals of Statistics 13, 1985: how far values are from
// having a single mode.
#pragma once

#include <span>

namespace clientele {

/// The greatest distance between the empirical distribution function of `ascending` values and the nearest function
/// that is convex before some value, the mode, and concave after it; the mode itself may hold any number of equal
/// values. At least 1 / (2 n); 1/4 for half of the values at each of two places; 0 without values. Equals Hartigan's
/// dip but where equal values let the two halves overlap: then it may be a little smaller.
double dip(std::span<const double> ascending);

/// sqrt(n) * dip that n values of one mode exceed less than once in 10,000 times: that quantile is 0.66 to 0.63 for
/// 50 to 2000 values of the uniform distribution, of all unimodal ones the least favourable (1e6 to 5e4 simulated sets
/// of values each), rounded up.
inline constexpr double kDipLimit = 0.7;

}  // namespace clientele
