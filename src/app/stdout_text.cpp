#include "stdout_text.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "clientele/base/errors.h"

namespace clientele {

void write_stdout(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return;
  throw Error(ErrorKind::files,
              {.what = "standard output cannot be written", .where = "standard output", .found = std::strerror(errno)});
}

}  // namespace clientele
