#include "clientele/base/errors.h"
#include "commands.h"
#include "job_help.h"
#include "job_layers.h"
#include "job_resolve.h"
#include "publication.h"
#include "stdout_text.h"
#include "version.h"

namespace clientele {

int validate_command(const CommandLine& line) {
  if (line.keys) {
    write_stdout(job_template());
    return 0;
  }
  if (line.job.empty())
    throw Error(ErrorKind::usage, {.what = "no job file",
                                   .where = "command line",
                                   .hint = "clientele validate JOB.toml, or clientele validate --keys"});
  const BoundJob bound = resolve_job({line.job, job_environment(), line.sets, line.flags, {}});
  write_stdout(line.json ? json_text(job_with_origins(bound)) : line.job + " is a valid job\n");
  return 0;
}

int version_command(const CommandLine& line) {
  const Json facts = program_facts();
  if (line.json) {
    write_stdout(json_text(facts));
    return 0;
  }
  std::string text = "clientele " + facts["version"].get<std::string>() + '\n';
  for (const char* key : {"compiler", "hdf5", "cuda"})
    text += std::string(key) + ' ' + (facts[key].is_string() ? facts[key].get<std::string>() : "none") + '\n';
  write_stdout(text);
  return 0;
}

}  // namespace clientele
