#include "outcome_text.h"

#include <cstdio>

#include "display.h"

namespace clientele {

std::vector<std::string> summary_lines(const RunOutcome& outcome) {
  const Json& result = outcome.run["result"];
  const Json& rows = outcome.run["rows"];
  std::vector<std::string> lines;
  lines.push_back((outcome.up_to_date ? "up to date: the folder holds this very run, k = " : "done: k = ") +
                  std::to_string(result["k"].get<int>()) + ", " + readable_count(rows["kept"]) + " of " +
                  readable_count(rows["read"]) + " clients, " + readable_seconds(outcome.run["seconds"]));
  if (result.contains("iterations")) {  // a fit, and not clients assigned to one
    char run[160];
    std::snprintf(run, sizeof run, "%d iterations, stopped by %s; the last one lowered the inertia by %.2g %%",
                  result.value("iterations", 0), result.value("stopped_by", "").c_str(),
                  100 * result.value("last_gain", 0.0));
    lines.push_back(run);
  }
  if (result.contains("choice") && !result["choice"].value("worth_having", true))
    lines.push_back("no segments worth having: what is published is the best of what there is; the warnings say why");
  if (result.contains("candidates") && result["candidates"].size() > 1)
    lines.push_back(result["choice"].value("reason", ""));
  for (size_t s = 0; s < outcome.segment_names.size(); ++s) {
    const int64_t size = result["sizes"][s];
    const double share =
        100 * (result.contains("weights")
                   ? result["weights"]["sizes"][s].get<double>() / result["weights"]["sum"].get<double>()
                   : static_cast<double>(size) / static_cast<double>(rows["kept"].get<int64_t>()));
    char text[64];
    std::snprintf(text, sizeof text, "%4zu  %14s  %5.1f %%  ", s, readable_count(size).c_str(), share);
    lines.push_back(text + outcome.segment_names[s]);
  }
  return lines;
}

Json summary_event(const RunOutcome& outcome, int exit_code) {
  return {{"status", outcome.up_to_date ? "up to date" : "done"},
          {"exit_code", exit_code},
          {"folder", outcome.folder.string()},
          {"k", outcome.run["result"]["k"]},
          {"sizes", outcome.run["result"]["sizes"]},
          {"rows", outcome.run["rows"]},
          {"warnings", outcome.warnings}};
}

}  // namespace clientele
