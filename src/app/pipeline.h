// The one way data flows: read -> clean -> features -> normalise -> cluster -> evaluate -> profile -> write -> report.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "clientele/base/json.h"
#include "clientele/env/env.h"
#include "job_bind.h"

namespace clientele {

struct RunOutcome {
  bool up_to_date = false;  ///< nothing was done: the folder holds this very run
  std::filesystem::path folder;
  Json run;                                ///< run.json
  std::vector<std::string> segment_names;  ///< with run["result"]["sizes"]
  std::vector<std::string> warnings;
};

/// Runs a checked job and publishes its output folder. `force` runs even if the output is up to date.
RunOutcome run_job(const BoundJob& bound, bool force, Progress& progress);

}  // namespace clientele
