// The card's own rate, to measure kernels against.
#pragma once

namespace clientele {

/// Bytes read plus bytes written a second, in GB/s, by the best of `repeats` device-to-device copies of 1 GiB (less on
/// a small card), timed by events. Throws Error{device}.
double copy_bandwidth_gb_per_s(int device, int repeats = 20);

}  // namespace clientele
