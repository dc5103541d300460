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
}

}  // namespace clientele
