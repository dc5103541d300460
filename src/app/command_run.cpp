#include <cstdio>

#include "clientele/base/errors.h"
#include "commands.h"
#include "display.h"
#include "job_layers.h"
#include "job_resolve.h"
#include "outcome_text.h"
#include "stdout_text.h"

namespace clientele {

int run_command(const CommandLine& line) {
  const BoundJob bound = resolve_job({line.job, job_environment(), line.sets, line.flags, {.needs_output = true}});
  Display display(display_options(line.log_json, line.quiet), stderr);
  const RunOutcome outcome = run_job(bound, line.force, display);
  for (const std::string& warning : outcome.warnings) display.warn(warning);
  const int code = bound.job.run.strict && !outcome.warnings.empty() ? static_cast<int>(ErrorKind::quality) : 0;
  display.finish(summary_event(outcome, code), summary_lines(outcome));
  write_stdout("report    " + (outcome.folder / "report.html").string() + "\nsegments  " +
               (outcome.folder / "segments.h5ad").string() + '\n');
  return code;
}

}  // namespace clientele
