// SIGINT and SIGTERM ask the job to stop; SIGPIPE is ignored, so that a closed pipe is a write error like any other.
#pragma once

namespace clientele {

void install_signal_handlers();

}  // namespace clientele
