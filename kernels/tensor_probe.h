// What exactness.md 4 asks to be measured before tensor cores may screen.
#pragma once

namespace clientele {

/// The largest error that was found of scores accumulated on this device's tensor cores, for rows and centroids of d
/// coordinates that are bf16 already, as a multiple of (d + 16) 2^-24 (|x||c| + |c|^2/2). The certificate allows 4.
/// Throws Error{device}.
double tensor_accumulation_error(int device, int d, int trials = 200);

}  // namespace clientele
