#include <cstdio>

#include "assign.h"
#include "byte_size.h"
#include "clientele/base/errors.h"
#include "commands.h"
#include "display.h"
#include "job_checks.h"
#include "job_layers.h"
#include "job_resolve.h"
#include "outcome_text.h"
#include "stdout_text.h"

namespace clientele {
namespace {

/// The job that says where the clients are: --job's, or one made of FILE and its options.
Job clients_job(const CommandLine& line) {
  if (line.job.empty() == line.file.empty())
    throw Error(ErrorKind::usage, {.what = "assign reads FILE or what --job says",
                                   .where = "command line",
                                   .expected = "one of the two",
                                   .found = line.file.empty() ? "neither" : "both",
                                   .hint = "clientele assign MODEL FILE --out DIR"});
  if (!line.job.empty()) return resolve_job({line.job, job_environment(), line.sets, line.flags, {}}).job;
  if (!line.sets.empty())
    throw Error(ErrorKind::usage, {.what = "--set changes a job, but there is no --job",
                                   .where = "command line",
                                   .hint = "Use --layout, --dataset and --id with FILE."});
  Job job;
  job.input.file = {line.file};
  if (!line.layout.empty()) job.input.layout = line.layout;
  job.input.dataset = line.dataset;
  job.input.id = line.id;
  return job;
}

/// The earlier result in the folder is lost when the new one is published, and with it what this one is made of.
void refuse_inputs_in_output(const AssignRequest& request) {
  std::vector<std::string> inputs = {request.model};
  inputs.insert(inputs.end(), request.job.input.file.begin(), request.job.input.file.end());
  inputs.insert(inputs.end(), request.job.events.file.begin(), request.job.events.file.end());
  for (const std::string& file : inputs)
    if (folder_holds(request.job.output.folder, file))
      throw Error(ErrorKind::files, {.what = "the output folder is or holds the input, which publishing would replace",
                                     .where = request.job.output.folder,
                                     .expected = "a folder without " + file,
                                     .hint = "Give another folder with --out."});
}

}  // namespace

int assign_command(const CommandLine& line) {
  AssignRequest request{line.model, clients_job(line)};
  request.job.columns.clear();  // the model says what the columns are
  request.job.output.folder = line.out;
  request.job.output.csv = line.csv;
  request.job.run.device = line.device;
  request.job.run.threads = line.threads;
  if (!line.memory.empty()) request.job.run.memory = line.memory;
  if (!line.scratch.empty()) request.job.run.scratch = line.scratch;
  if (!request.job.run.memory.empty() && !parse_byte_size(request.job.run.memory))
    throw Error(ErrorKind::usage, {.what = "no such size",
                                   .where = "--memory",
                                   .expected = "a number of bytes, such as 8GiB or 500MB",
                                   .found = request.job.run.memory});
  if (line.device != "auto" && line.device != "cpu" && cuda_index(line.device) < 0)
    throw Error(ErrorKind::usage, {.what = "no such device",
                                   .where = "--device",
                                   .expected = "auto, cpu, cuda or cuda:INDEX",
                                   .found = line.device});
  refuse_inputs_in_output(request);
  Display display(display_options(line.log_json, line.quiet), stderr);
  const RunOutcome outcome = assign_clients(request, line.force, display);
  for (const std::string& warning : outcome.warnings) display.warn(warning);
  display.finish(summary_event(outcome, 0), summary_lines(outcome));
  write_stdout("segments  " + (outcome.folder / "segments.h5ad").string() + '\n');
  return 0;
}

}  // namespace clientele
