#include "signals.h"

#include <csignal>

#include "clientele/base/cancel.h"

namespace clientele {

void install_signal_handlers() {
  struct sigaction action {};
  action.sa_handler = [](int signal_number) { request_cancel(signal_number); };
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, nullptr);
  sigaction(SIGXFSZ, &ignore, nullptr);
  // nohup ignores hang-ups for its child, and means it.
  struct sigaction inherited {};
  sigaction(SIGHUP, nullptr, &inherited);
  if (inherited.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, nullptr);
}

}  // namespace clientele
