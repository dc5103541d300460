// The clients of a job: the input table, the behaviour of an event log, or both joined by id.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "clientele/base/json.h"
#include "clientele/data/source.h"
#include "clientele/env/env.h"
#include "job.h"

namespace clientele {

struct Clients {
  std::unique_ptr<Source> source;  ///< rows that cleaning sees; column specs applied
  IdColumn ids;                    ///< of source's rows
  IdColumn all_ids;                ///< of every client, excluded ones included; empty (rows 0) when none was excluded
  std::vector<int8_t> excluded;    ///< per client of all_ids an Exclusion; empty when none was excluded
  Json behaviour;                  ///< the behaviour stage's report, or null
  ReadPlan plan;                   ///< of what was read from files

  const IdColumn& published_ids() const { return excluded.empty() ? ids : all_ids; }
};

/// Opens the input, reads the events and computes their features, joins them, applies the job's column declarations.
Clients open_clients(const Job& job, Env& env);

}  // namespace clientele
