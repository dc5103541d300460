// A flag that a signal handler sets and long loops look at.
#pragma once

namespace clientele {

/// Async-signal-safe: remembers the signal number (0: none).
void request_cancel(int signal_number) noexcept;
int cancel_requested() noexcept;
/// Throws Error{interrupted} (SIGINT), exit code 129 (SIGHUP) or Error{terminated} (SIGTERM) if a cancel was requested.
void check_cancel();

}  // namespace clientele
