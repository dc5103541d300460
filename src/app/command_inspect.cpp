#include "clientele/data/inspect.h"
#include "commands.h"
#include "json_lines.h"
#include "publication.h"
#include "stdout_text.h"

namespace clientele {

int inspect_command(const CommandLine& line) {
  const Json found = inspect_file(line.file);
  write_stdout(line.json ? json_text(found) : json_lines(found));
  return 0;
}

}  // namespace clientele
