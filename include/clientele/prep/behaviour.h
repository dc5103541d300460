// Event log -> features per client (value and timing blocks; the other blocks of the design join this table later).
// Everything per client is a sum, minimum, maximum, count or adjacent difference over events sorted by (client, ts,
// source row).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "clientele/base/json.h"
#include "clientele/data/events.h"
#include "clientele/env/env.h"

namespace clientele {

/// [behaviour] of a job file.
struct BehaviourSpec {
  enum class Duplicates { keep, drop };
  enum class Cancellations { net, drop };                   ///< negative amounts net off, or are dropped
  std::vector<std::string> features = {"value", "timing"};  ///< names or blocks: see behaviour_features()
  Duplicates duplicates = Duplicates::keep;                 ///< exact duplicate events (every column equal)
  Cancellations cancellations = Cancellations::net;

  void visit(SpecVisitor& v);
};

struct BehaviourFeature {
  std::string name, block, unit, meaning;  ///< meaning: formula in words
};
/// The catalogue, in output order. An event is an order unless its amount is negative (a cancellation); an active day
/// is a UTC day with an order. A discount share is not among them: event logs have no role for discounts.
const std::vector<BehaviourFeature>& behaviour_features();

struct BehaviourTable {
  std::unique_ptr<MemorySource>
      source;  ///< one row per client of the log, ascending id; clients with one active day have gap features missing;
               ///< the first gap feature has missing_indicator set (all are missing for the same clients)
  std::vector<int8_t> excluded;  ///< per client an Exclusion (not_paying, outside_window); may be empty
  int64_t as_of = 0;             ///< seconds
  bool paying_only = false;      ///< events.paying_only: a client without events is excluded by a join
  Json checks;                   ///< lines of data_quality.json: {check, policy, found, excluded, detail}
  Json report;                   ///< events read, outside the window, duplicates, cancellations, clients
};

/// Unknown feature names are Error{usage} with a suggestion; `value` features that need an amount where there is none
/// are Error{usage}.
BehaviourTable behaviour(const EventLog& log, const EventsSpec& events, const BehaviourSpec& spec, Env& env);

/// Client table LEFT JOIN behaviour by id: clients without events get missing features, and under paying_only are
/// excluded (no_events); clients of the log that the table lacks are counted in report. table.excluded becomes one
/// entry per row of the result (or stays empty), for clean(). Column names of both sides must differ, ids be of one
/// kind and not row numbers (Error{input}).
std::unique_ptr<Source> join_behaviour(std::unique_ptr<Source> clients, const IdColumn& client_ids,
                                       BehaviourTable& table, const IdColumn& log_ids, ThreadPool& pool);

}  // namespace clientele
