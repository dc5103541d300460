#include "clientele/base/cancel.h"
#include "clientele/env/env.h"

namespace clientele {

void SilentProgress::stage(const std::string&, int64_t, const std::string&) {
  check_cancel();
}

void SilentProgress::advance(int64_t) {
  check_cancel();
}

void SilentProgress::note(const std::string&) {
  check_cancel();
}

}  // namespace clientele
