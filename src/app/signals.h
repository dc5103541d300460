// SIGINT, SIGTERM and SIGHUP (unless nohup ignores it) ask the job to stop. SIGPIPE and SIGXFSZ are ignored: a closed
// pipe and a file over the size limit are write errors like any other.
#pragma once

namespace clientele {

void install_signal_handlers();

}  // namespace clientele
