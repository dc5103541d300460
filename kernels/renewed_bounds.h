// Bounds (expiry.h) of rows that certainly keep their label, renewed from a compressed copy before a pass, so that the
// pass looks at the features of the others alone. Labels and sums are made of float32 only: the copy decides which rows
// are looked at, no more.
//
// The certificate, for a row x, its copy x' and E >= |x - x'|: x.c and x'.c differ by at most E |c|, and so do the
// scores |c|^2/2 - x.c. The float32 screen of x' with a length L >= |x'| proves lower <= score' <= lower + gap(L) for
// its chains of fmas (formulas.h), in which the length takes g |c| L from `lower` and brings 2 g |c| L to the gap, g =
// 1.01 (d + 4) 2^-24. With the length L + W, W = 1.02 E / g, it takes 1.02 E |c| more and brings 2.04 E |c| more, so
// that lower <= score <= lower + gap(L + W) holds for the row itself: what is beyond E |c| and 2 E |c| covers the
// rounding of a term of that size in a chain of d + 1 steps, 1.02 E |c| (d + 1) 2^-24, which is less than 0.01 E |c|
// for the d <= 100,000 that are certified at all. The gap's term for the rounding of D grows with the length, and L + W
// > L + E >= |x|. Nothing overflows, as L + W has to be within kScreenReach. A value that bf16 makes infinite, or a
// NaN, makes E and the length infinite or NaN: such a row is never certified.
#pragma once

#include "fused.h"

namespace clientele::gpu {

/// What a launch looks at.
struct RenewView {
  PassView pass;  ///< rows without features; sums and list are not used
  CompressedView copy;
  float widening;     ///< W / E, rounded up
  bool bounds_known;  ///< the rows have bounds; else all that cannot be renewed become 0: looked at
};

/// W / E for rows of d features.
float widening(int d);

/// Grid: warps that take 32 tiles at a time; dynamic shared memory: pass_memory with one tile a warp.
void (*renewing_kernel())(RenewView);

}  // namespace clientele::gpu
