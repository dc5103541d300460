#include "behaviour_client.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "clientele/base/exact_math.h"
#include "clientele/base/fixed_point.h"

namespace clientele {
namespace {

constexpr int64_t kDaySeconds = 86400;

int64_t day_of(int64_t ts) {
  return ts >= 0 ? ts / kDaySeconds : -((-(ts + 1)) / kDaySeconds) - 1;
}

template <class T>
int64_t at(const std::vector<T>& column, int64_t row) {
  return column.empty() ? 0 : static_cast<int64_t>(column[static_cast<size_t>(row)]);
}

/// Everything but client and ts, which are equal where this is compared.
auto rest_of_event(const EventLog& log, int64_t row) {
  return std::make_tuple(at(log.amount, row), at(log.qty, row), at(log.type, row), at(log.category, row),
                         at(log.channel, row));
}

/// Appends to events.keep those of `same` (equal client and ts, ascending rows) that are first of their kind; returns
/// how many are not.
int64_t keep_distinct(const EventLog& log, ClientEvents& events) {
  auto& same = events.same;
  if (same.size() > 1)
    std::sort(same.begin(), same.end(), [&](int64_t a, int64_t b) {
      const auto x = rest_of_event(log, a), y = rest_of_event(log, b);
      return x != y ? x < y : a < b;
    });
  const auto end = std::unique(same.begin(), same.end(),
                               [&](int64_t a, int64_t b) { return rest_of_event(log, a) == rest_of_event(log, b); });
  const int64_t repeated = same.end() - end;
  std::sort(same.begin(), end);
  events.keep.insert(events.keep.end(), same.begin(), end);
  return repeated;
}

/// Counts exact repetitions, and removes all but the first of each where the policy says so.
void deal_with_duplicates(const EventLog& log, const BehaviourSpec& spec, ClientEvents& events, EventCounts& counts) {
  const auto ts = [&](int64_t row) { return log.ts[static_cast<size_t>(row)]; };
  events.keep.clear();
  int64_t repeated = 0;
  for (size_t i = 0; i < events.rows.size();) {
    events.same.clear();
    const int64_t now = ts(events.rows[i]);
    while (i < events.rows.size() && ts(events.rows[i]) == now) events.same.push_back(events.rows[i++]);
    repeated += keep_distinct(log, events);
  }
  counts.duplicates += repeated;
  if (spec.duplicates == BehaviourSpec::Duplicates::keep) return;
  counts.duplicates_dropped += repeated;
  events.rows.swap(events.keep);
}

/// Leaves the client's events inside the window, in (ts, source row) order.
void order_events(const EventLog& log, TimeWindow window, ClientEvents& events, EventCounts& counts) {
  const auto outside = [&](int64_t row) {
    const int64_t ts = log.ts[static_cast<size_t>(row)];
    counts.before_window += ts < window.first ? 1 : 0;
    counts.after_window += ts >= window.last ? 1 : 0;
    return ts < window.first || ts >= window.last;
  };
  std::erase_if(events.rows, outside);
  const auto earlier = [&](int64_t a, int64_t b) {
    return log.ts[static_cast<size_t>(a)] < log.ts[static_cast<size_t>(b)];
  };
  if (!std::is_sorted(events.rows.begin(), events.rows.end(), earlier))
    std::stable_sort(events.rows.begin(), events.rows.end(), earlier);
}

/// Integer sums over a client's days.
struct Days {
  int64_t orders = 0, active = 0, first = 0, last = 0;
  Int128 net = 0, ordered = 0, cancelled = 0;  ///< minor units
  Int128 first_day = 0, outside_days = 0;  ///< net of the first active day; of cancellations on days without an order
  Int128 gap_squares = 0;
  double gap_logs = 0;

  void add_day(int64_t day, int64_t day_orders, Int128 day_net) {
    if (day_orders == 0) {
      outside_days += day_net;
      return;
    }
    if (active == 0) {
      first = day;
      first_day = day_net;
    } else {
      const int64_t gap = day - last;
      gap_squares += static_cast<Int128>(gap) * gap;
      gap_logs += exact::log(static_cast<double>(gap));
    }
    last = day;
    ++active;
    orders += day_orders;
  }
};

Days add_up(const EventLog& log, const BehaviourSpec& spec, const ClientEvents& events, EventCounts& counts) {
  Days days;
  const bool drop = spec.cancellations == BehaviourSpec::Cancellations::drop;
  for (size_t i = 0; i < events.rows.size();) {
    const int64_t day = day_of(log.ts[static_cast<size_t>(events.rows[i])]);
    int64_t orders = 0;
    Int128 net = 0;
    for (; i < events.rows.size() && day_of(log.ts[static_cast<size_t>(events.rows[i])]) == day; ++i) {
      const int64_t amount = at(log.amount, events.rows[i]);
      const bool cancellation = amount < 0;
      counts.cancellations += cancellation ? 1 : 0;
      counts.cancellations_dropped += cancellation && drop ? 1 : 0;
      if (cancellation && drop) continue;
      orders += cancellation ? 0 : 1;
      net += amount;
      if (cancellation)
        days.cancelled -= amount;
      else
        days.ordered += amount;
    }
    days.net += net;
    days.add_day(day, orders, net);
  }
  return days;
}

void timing(const Days& days, TimeWindow window, double* value) {
  const auto set = [&](Behaviour feature, double v) { value[static_cast<int>(feature)] = v; };
  const auto days_until_end = [&](int64_t day) {
    return static_cast<double>(window.last - day * kDaySeconds) / static_cast<double>(kDaySeconds);
  };
  const double recency = days_until_end(days.last);
  const int64_t span = days.last - days.first;
  set(Behaviour::recency, recency);
  set(Behaviour::tenure, days_until_end(days.first));
  set(Behaviour::span, static_cast<double>(span));
  const int64_t gaps = days.active - 1;
  if (gaps == 0) return;
  const double x = static_cast<double>(gaps);
  const double mean = static_cast<double>(span) / x;
  const Int128 spread = static_cast<Int128>(gaps) * days.gap_squares - static_cast<Int128>(span) * span;
  const double deviation = std::sqrt(to_double(spread)) / x;
  set(Behaviour::gap_mean, mean);
  set(Behaviour::gap_cv, deviation / mean);
  set(Behaviour::burstiness, (deviation - mean) / (deviation + mean));
  set(Behaviour::gap_log_sum, days.gap_logs);
  set(Behaviour::overdue, recency / mean);  // gaps are whole days, so the mean is at least 1
}

void spending(const Days& days, double amount_unit, double* value) {
  const auto set = [&](Behaviour feature, double v) { value[static_cast<int>(feature)] = v; };
  const double monetary = to_double(days.net) / amount_unit;
  set(Behaviour::monetary, monetary);
  set(Behaviour::mean_order, monetary / static_cast<double>(days.orders));
  if (days.active > 1)
    set(Behaviour::repeat_spend,
        to_double(days.net - days.first_day - days.outside_days) / amount_unit / static_cast<double>(days.active - 1));
  if (days.ordered > 0) set(Behaviour::return_share, to_double(days.cancelled) / to_double(days.ordered));
}

}  // namespace

void EventCounts::add(const EventCounts& other) {
  before_window += other.before_window;
  after_window += other.after_window;
  duplicates += other.duplicates;
  duplicates_dropped += other.duplicates_dropped;
  cancellations += other.cancellations;
  cancellations_dropped += other.cancellations_dropped;
}

ClientBehaviour client_behaviour(const EventLog& log, const BehaviourSpec& spec, TimeWindow window, double amount_unit,
                                 ClientEvents& events, EventCounts& counts) {
  ClientBehaviour out;
  std::fill(std::begin(out.value), std::end(out.value), NAN);
  order_events(log, window, events, counts);
  out.seen = !events.rows.empty();
  deal_with_duplicates(log, spec, events, counts);
  const Days days = add_up(log, spec, events, counts);
  out.pays = days.ordered > 0;
  out.active = days.active > 0;
  if (!out.active) return out;
  out.value[static_cast<int>(Behaviour::orders)] = static_cast<double>(days.orders);
  out.value[static_cast<int>(Behaviour::active_days)] = static_cast<double>(days.active);
  timing(days, window, out.value);
  if (!log.amount.empty()) spending(days, amount_unit, out.value);
  return out;
}

}  // namespace clientele
