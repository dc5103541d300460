#include "commands.h"
#include "job_layers.h"
#include "job_resolve.h"
#include "json_lines.h"
#include "plan.h"
#include "publication.h"
#include "stdout_text.h"

namespace clientele {
namespace {

/// The values that somebody gave, with their origin.
Json given_values(const BoundJob& bound) {
  Json given = Json::array();
  const Json job = job_with_origins(bound);
  for (const auto& [section, keys] : job.items())
    for (const auto& [key, entry] : keys.items())
      if (entry["origin"] != "default")
        given.push_back({{"key", section + '.' + key}, {"value", entry["value"]}, {"origin", entry["origin"]}});
  return given;
}

}  // namespace

int plan_command(const CommandLine& line) {
  const BoundJob bound = resolve_job({line.job, job_environment(), line.sets, line.flags, {}});
  Json plan = plan_job(bound);
  const bool does_nothing = plan["output"]["up_to_date"].get<std::string>().starts_with("yes");
  if (!bound.job.output.folder.empty() && !does_nothing)
    refuse_foreign(bound.job.output.folder, kMarker, replaceable_by(kRunKind));
  if (line.json) {
    plan["job"] = job_with_origins(bound);
    write_stdout(json_text(plan));
    return 0;
  }
  plan["given"] = given_values(bound);
  write_stdout(json_lines(plan));
  return 0;
}

}  // namespace clientele
