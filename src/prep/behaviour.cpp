#include "clientele/prep/behaviour.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>

#include "behaviour_client.h"
#include "clientele/base/errors.h"
#include "clientele/prep/clean.h"

namespace clientele {
namespace {

constexpr int64_t kDaySeconds = 86400;
constexpr int64_t kClientsPerTask = 4096;

/// "2021-01-01T00:00:00Z"
std::string time_text(int64_t seconds) {
  using namespace std::chrono;
  const sys_seconds at{std::chrono::seconds(seconds)};
  const auto day = floor<days>(at);
  const year_month_day date(day);
  const hh_mm_ss time(at - day);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()));
  return text;
}

TimeWindow window_of(const EventLog& log, const EventsSpec& spec) {
  TimeWindow window;
  if (spec.as_of.empty()) {
    const int64_t newest = *std::max_element(log.ts.begin(), log.ts.end());
    const int64_t past_midnight = ((newest % kDaySeconds) + kDaySeconds) % kDaySeconds;
    window.last = newest - past_midnight + kDaySeconds;
  } else {
    window.last = parse_time(spec.as_of, "events.as_of");
  }
  window.first = std::numeric_limits<int64_t>::min();
  if (spec.window > 0) window.first = window.last - std::llrint(spec.window * static_cast<double>(kDaySeconds));
  return window;
}

/// Source rows ordered by client, ascending inside each: a counting sort.
struct ByClient {
  std::vector<int64_t> begin;  ///< clients + 1
  std::vector<int64_t> rows;

  explicit ByClient(const EventLog& log) : begin(static_cast<size_t>(log.clients.rows) + 1), rows(log.client.size()) {
    for (const int32_t client : log.client) ++begin[static_cast<size_t>(client) + 1];
    for (size_t c = 1; c < begin.size(); ++c) begin[c] += begin[c - 1];
    std::vector<int64_t> next(begin.begin(), begin.end() - 1);
    for (size_t row = 0; row < log.client.size(); ++row)
      rows[static_cast<size_t>(next[static_cast<size_t>(log.client[row])]++)] = static_cast<int64_t>(row);
  }
};

/// 10^digits, exact for the digits that money has.
double minor_units(int64_t digits) {
  double unit = 1;
  for (int64_t i = 0; i < digits; ++i) unit *= 10;
  return unit;
}

struct Outcome {
  std::vector<std::vector<double>> columns;  ///< per chosen feature, one value per client
  std::vector<int8_t> excluded;
  EventCounts counts;
};

Exclusion reason_of(const ClientBehaviour& b, bool paying_only) {
  if (!b.seen) return Exclusion::outside_window;
  // Cancellations alone: there is no order to measure.
  return !b.active || (paying_only && !b.pays) ? Exclusion::not_paying : Exclusion::none;
}

Outcome measure_clients(const EventLog& log, const EventsSpec& events, const BehaviourSpec& spec, TimeWindow window,
                        std::span<const int> chosen, Env& env) {
  const int64_t clients = log.clients.rows;
  const ByClient by_client(log);
  Outcome out;
  out.columns.assign(chosen.size(), std::vector<double>(static_cast<size_t>(clients)));
  out.excluded.resize(static_cast<size_t>(clients));
  std::vector<EventCounts> counts(static_cast<size_t>(env.pool.threads()));
  std::vector<ClientEvents> scratch(counts.size());
  const double unit = minor_units(events.minor_digits);
  env.pool.parallel_for((clients + kClientsPerTask - 1) / kClientsPerTask, [&](int64_t task, int worker) {
    ClientEvents& mine = scratch[static_cast<size_t>(worker)];
    const int64_t last = std::min(clients, (task + 1) * kClientsPerTask);
    for (int64_t client = task * kClientsPerTask; client < last; ++client) {
      const auto c = static_cast<size_t>(client);
      mine.rows.assign(by_client.rows.begin() + by_client.begin[c], by_client.rows.begin() + by_client.begin[c + 1]);
      const ClientBehaviour b = client_behaviour(log, spec, window, unit, mine, counts[static_cast<size_t>(worker)]);
      for (size_t i = 0; i < chosen.size(); ++i) out.columns[i][c] = b.value[chosen[i]];
      out.excluded[c] = static_cast<int8_t>(reason_of(b, events.paying_only));
    }
    env.progress.advance(last - task * kClientsPerTask);
  });
  for (const EventCounts& c : counts) out.counts.add(c);
  return out;
}

ColumnKind kind_of(Behaviour feature) {
  if (feature == Behaviour::orders || feature == Behaviour::active_days) return ColumnKind::count;
  const bool money = needs_amount(feature) && feature != Behaviour::return_share;
  return money ? ColumnKind::money : ColumnKind::number;
}

Schema schema_of(std::span<const int> chosen) {
  Schema schema;
  // All gap features are missing for the same clients: one indicator tells it.
  int indicated = -1;
  for (const int i : chosen) {
    if (!needs_gaps(static_cast<Behaviour>(i))) continue;
    if (indicated < 0 || static_cast<Behaviour>(indicated) == Behaviour::repeat_spend) indicated = i;
  }
  for (const int i : chosen) {
    const BehaviourFeature& feature = behaviour_features()[static_cast<size_t>(i)];
    Column column;
    column.name = feature.name;
    column.block = feature.block;
    column.unit = feature.unit;
    column.kind = kind_of(static_cast<Behaviour>(i));
    column.missing_indicator = i == indicated;
    schema.columns.push_back(column);
  }
  return schema;
}

Json report_of(const EventLog& log, const Outcome& outcome, const EventsSpec& events, int64_t as_of) {
  const auto excluded = [&](Exclusion reason) {
    return std::count(outcome.excluded.begin(), outcome.excluded.end(), static_cast<int8_t>(reason));
  };
  const EventCounts& c = outcome.counts;
  return Json{{"events", log.rows},
              {"clients", log.clients.rows},
              {"as_of", time_text(as_of)},
              {"window_days", events.window},
              {"events_before_window", c.before_window},
              {"events_after_as_of", c.after_window},
              {"duplicates", c.duplicates},
              {"duplicates_dropped", c.duplicates_dropped},
              {"cancellations", c.cancellations},
              {"cancellations_dropped", c.cancellations_dropped},
              {"clients_outside_window", excluded(Exclusion::outside_window)},
              {"clients_not_paying", excluded(Exclusion::not_paying)}};
}

/// Lines of data_quality.json; `excluded` are clients.
Json checks_of(const Outcome& outcome, const BehaviourSpec& spec, const Json& report) {
  const auto line = [](const char* check, const char* policy, int64_t found, const Json& excluded, std::string detail) {
    return Json{{"check", check}, {"policy", policy}, {"found", found}, {"excluded", excluded}, {"detail", detail}};
  };
  const EventCounts& c = outcome.counts;
  return Json::array(
      {line("events before the window", "left out", c.before_window, report["clients_outside_window"],
            "clients without any event in the window"),
       line("events after as_of", "left out", c.after_window, 0, ""),
       line("duplicate events", spec.duplicates == BehaviourSpec::Duplicates::keep ? "keep" : "drop", c.duplicates, 0,
            std::to_string(c.duplicates_dropped) + " dropped"),
       line("cancellations", spec.cancellations == BehaviourSpec::Cancellations::net ? "net" : "drop", c.cancellations,
            report["clients_not_paying"], "clients without an order, or not paying under paying_only")});
}

}  // namespace

BehaviourTable behaviour(const EventLog& log, const EventsSpec& events, const BehaviourSpec& spec, Env& env) {
  const std::vector<int> chosen = select_behaviours(spec, !log.amount.empty());
  if (events.paying_only && log.amount.empty())
    throw Error(ErrorKind::usage, {.what = "paying clients cannot be told without amounts",
                                   .where = "events.paying_only",
                                   .expected = "events.amount",
                                   .found = "no amount column",
                                   .hint = "Set events.amount, or leave paying_only out."});
  if (log.rows == 0)
    throw Error(ErrorKind::input,
                {.what = "the event log is empty", .expected = "at least one event", .found = "0 events"});
  env.progress.stage("behaviour", log.clients.rows, "clients");
  const TimeWindow window = window_of(log, events);
  Outcome outcome = measure_clients(log, events, spec, window, chosen, env);
  BehaviourTable table;
  table.as_of = window.last;
  table.report = report_of(log, outcome, events, window.last);
  table.checks = checks_of(outcome, spec, table.report);
  table.paying_only = events.paying_only;
  const bool any_excluded =
      std::any_of(outcome.excluded.begin(), outcome.excluded.end(), [](int8_t e) { return e != 0; });
  if (any_excluded) table.excluded = std::move(outcome.excluded);
  table.source = std::make_unique<MemorySource>(schema_of(chosen), std::move(outcome.columns), log.clients);
  return table;
}

}  // namespace clientele
