// From a job file, the environment and the command line to one checked job.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "clientele/base/json.h"
#include "job_bind.h"
#include "job_checks.h"

namespace clientele {

/// What a command was given to make a job of.
struct JobRequest {
  std::string file;                                ///< job file
  std::map<std::string, std::string> environment;  ///< CLIENTELE_ variables
  std::vector<std::string> sets;                   ///< --set section.key=value
  std::vector<Setting> flags;                      ///< direct flags, stronger than --set
  CheckScope scope;
};

/// Default < job file < environment < command line. Paths of the job file are relative to it, all others to the working
/// directory. Throws Error{usage} that lists everything that is wrong at once.
BoundJob resolve_job(const JobRequest& request);

/// {section: {key: {"value":, "origin":}}}, every section, every key.
Json job_with_origins(const BoundJob& bound);

/// {section: {key: value}} of what determines the result: no [run], no [output], files by their names without folders.
Json job_values(const Job& job);

}  // namespace clientele
