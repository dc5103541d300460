// What to do when the HDF5 library itself crashes or never returns: its older versions do, on some damaged files.
#pragma once

#include <functional>
#include <string>

namespace clientele {

/// From now on a crash inside the library (SIGSEGV, SIGBUS, SIGFPE, SIGILL or SIGABRT on a thread that is in one of its
/// calls) or a call that computes for more than 20 seconds of processor time, while inputs are read ends the process at
/// once with `exit_code`, after message(path of the last input opened) on standard error. Crashes elsewhere, and while
/// outputs are written, end it as ever. message is called when a file is opened, not in the signal handler. Call once,
/// from the main thread, before any file is opened.
void install_crash_guard(int exit_code, std::function<std::string(const std::string& path)> message);

}  // namespace clientele
