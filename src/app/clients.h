// The clients of a job: the input table, the behaviour of an event log, or both joined by id.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "clientele/base/json.h"
#include "clientele/data/read_cache.h"
#include "clientele/data/source.h"
#include "clientele/env/env.h"
#include "job.h"

namespace clientele {

struct Clients {
  std::unique_ptr<Source> source;  ///< column specs applied
  IdColumn ids;                    ///< of source's rows
  std::vector<int8_t>
      excluded;    ///< per row the Exclusion that behaviour decided, for clean(); empty when there is none
  Json behaviour;  ///< the behaviour stage's report, or null
  Json checks;     ///< its lines of data_quality.json, or null
  ReadPlan plan;   ///< of what was read from files
  std::shared_ptr<ReadCache> cache = std::make_shared<ReadCache>();  ///< of the input's readers
};

/// Opens the input, reads the events and computes their features, joins them, applies the job's column declarations.
/// cache_bytes: of decoded chunks, until somebody who plans memory limits them anew.
Clients open_clients(const Job& job, int64_t cache_bytes, Env& env);

/// Adds what is known of the event log to data_quality.json; nothing where there is none.
void describe_events(const Clients& clients, Json& quality);

}  // namespace clientele
