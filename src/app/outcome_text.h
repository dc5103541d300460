// How a finished run is told to people.
#pragma once

#include <string>
#include <vector>

#include "pipeline.h"

namespace clientele {

/// "done: k = 4, ...", the reason for k, one line a segment.
std::vector<std::string> summary_lines(const RunOutcome& outcome);
/// The last event of a JSON log.
Json summary_event(const RunOutcome& outcome, int exit_code);

}  // namespace clientele
