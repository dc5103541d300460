// One client's events in the window, in (ts, source row) order, to behaviour features.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "clientele/data/events.h"
#include "clientele/prep/behaviour.h"

namespace clientele {

/// The catalogue by position; the order is that of behaviour_features().
enum class Behaviour : int {
  recency,
  orders,
  active_days,
  monetary,
  mean_order,
  repeat_spend,
  return_share,
  tenure,
  span,
  gap_mean,
  gap_cv,
  burstiness,
  gap_log_sum,
  overdue,
};
inline constexpr int kBehaviours = 14;

bool needs_amount(Behaviour feature);
/// Missing for clients with one active day.
bool needs_gaps(Behaviour feature);

/// Positions in behaviour_features(), ascending, of the names and blocks in spec.features. Throws Error{usage}.
std::vector<int> select_behaviours(const BehaviourSpec& spec, bool has_amount);

/// [first, last) in seconds.
struct TimeWindow {
  int64_t first = 0;
  int64_t last = 0;  ///< T
};

struct EventCounts {
  int64_t before_window = 0;
  int64_t after_window = 0;
  int64_t duplicates = 0;  ///< exact repetitions inside the window
  int64_t duplicates_dropped = 0;
  int64_t cancellations = 0;  ///< negative amounts inside the window
  int64_t cancellations_dropped = 0;

  void add(const EventCounts& other);
};

/// What a client's events come to.
struct ClientBehaviour {
  double value[kBehaviours];  ///< NaN where not defined
  bool seen = false;          ///< has an event in the window
  bool active = false;        ///< has an order in the window
  bool pays = false;          ///< has a positive amount in the window
};

/// Reusable storage of one worker.
struct ClientEvents {
  std::vector<int64_t> rows;  ///< in: source rows of the client, ascending; changed
  std::vector<int64_t> same;  ///< scratch: rows with equal ts
  std::vector<int64_t> keep;  ///< scratch
};

/// amount_unit: minor units in one major unit, 10^minor_digits.
ClientBehaviour client_behaviour(const EventLog& log, const BehaviourSpec& spec, TimeWindow window, double amount_unit,
                                 ClientEvents& events, EventCounts& counts);

}  // namespace clientele
