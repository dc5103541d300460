// The inner side of clientele/data/crash_guard.h.
#pragma once

#include <string>

namespace clientele::h5 {

/// An input is opened: the message of a crash from now on.
void arm_crash_guard(const std::string& path);
/// An output is begun: a crash is no fault of an input.
void disarm_crash_guard();

}  // namespace clientele::h5
