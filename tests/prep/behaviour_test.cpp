#include "clientele/prep/behaviour.h"

#include <map>
#include <set>

#include "tests/prep/workbench.h"

namespace clientele {
namespace {

constexpr int64_t kDay = 86400;

struct Event {
  int64_t client, ts, amount;
  int32_t type = -1;
};

EventLog log_of(const std::vector<Event>& events, bool with_amount = true) {
  EventLog log;
  std::set<int64_t> clients;
  for (const Event& e : events) clients.insert(e.client);
  log.clients = integer_ids({clients.begin(), clients.end()});
  log.rows = static_cast<int64_t>(events.size());
  for (const Event& e : events) {
    log.client.push_back(
        static_cast<int32_t>(std::lower_bound(log.clients.integers.begin(), log.clients.integers.end(), e.client) -
                             log.clients.integers.begin()));
    log.ts.push_back(e.ts);
    if (with_amount) log.amount.push_back(e.amount);
    log.type.push_back(e.type);
  }
  return log;
}

struct Result {
  std::map<std::string, std::vector<double>> columns;
  std::vector<int8_t> excluded;
  Json report;
  int64_t as_of = 0;
};

Result run(const EventLog& log, const EventsSpec& events, const BehaviourSpec& spec, const Cut& cut = {}) {
  Result out;
  on_ranks({.threads = cut.threads}, [&](Env& env) {
    const BehaviourTable table = behaviour(log, events, spec, env);
    const Schema& schema = table.source->schema();
    for (int c = 0; c < static_cast<int>(schema.columns.size()); ++c) {
      auto& values = out.columns[schema.columns[static_cast<size_t>(c)].name];
      values.resize(static_cast<size_t>(table.source->rows()));
      table.source->read(0, std::span<const int>(&c, 1),
                         {values.data(), table.source->rows(), 1, table.source->rows()});
    }
    out.excluded = table.excluded;
    out.report = table.report;
    out.as_of = table.as_of;
  });
  return out;
}

TEST(Behaviour, FollowsItsFormulaeByHand) {
  // Client 7: days 10 (two orders), 12, 19. Client 9: one day.
  const EventLog log = log_of({{7, 12 * kDay + 5, 400},
                               {9, 20 * kDay + 86399, 1234},
                               {7, 10 * kDay + 50, 1000},
                               {7, 19 * kDay, 900},
                               {7, 10 * kDay + 40, 250}});
  const Result r = run(log, {}, {});
  EXPECT_EQ(r.as_of, 21 * kDay);
  const auto value = [&](const char* name, size_t client) { return r.columns.at(name).at(client); };
  EXPECT_EQ(value("recency", 0), 2);
  EXPECT_EQ(value("orders", 0), 4);
  EXPECT_EQ(value("active_days", 0), 3);
  EXPECT_EQ(value("monetary", 0), 25.5);
  EXPECT_EQ(value("mean_order", 0), 25.5 / 4);
  EXPECT_EQ(value("repeat_spend", 0), 6.5);
  EXPECT_EQ(value("return_share", 0), 0);
  EXPECT_EQ(value("tenure", 0), 11);
  EXPECT_EQ(value("span", 0), 9);
  EXPECT_EQ(value("gap_mean", 0), 4.5);
  EXPECT_EQ(value("gap_cv", 0), 2.5 / 4.5);
  EXPECT_EQ(value("burstiness", 0), (2.5 - 4.5) / (2.5 + 4.5));
  EXPECT_NEAR(value("gap_log_sum", 0), std::log(2.0) + std::log(7.0), 1e-15);
  EXPECT_EQ(value("overdue", 0), 2 / 4.5);
  EXPECT_EQ(value("recency", 1), 1);
  EXPECT_EQ(value("monetary", 1), 12.34);
  for (const char* name : {"repeat_spend", "gap_mean", "gap_cv", "burstiness", "gap_log_sum", "overdue"})
    EXPECT_TRUE(std::isnan(value(name, 1))) << name;
  EXPECT_TRUE(r.excluded.empty());
}

TEST(Behaviour, CountsOnlyTheWindow) {
  EventsSpec events;
  events.as_of = "1970-02-01";  // day 31
  events.window = 10;
  const EventLog log = log_of({{1, 21 * kDay, 100},
                               {1, 21 * kDay - 1, 900},
                               {1, 31 * kDay - 1, 100},
                               {1, 31 * kDay, 900},
                               {2, 20 * kDay, 100},
                               {3, 25 * kDay, 0}});
  Result r = run(log, events, {});
  EXPECT_EQ(r.columns["monetary"][0], 2);
  EXPECT_EQ(r.columns["orders"][0], 2);
  EXPECT_EQ(r.columns["recency"][0], 1);
  EXPECT_EQ(r.excluded, (std::vector<int8_t>{0, 8, 0}));
  EXPECT_TRUE(std::isnan(r.columns["recency"][1]));
  EXPECT_EQ(r.report["events_before_window"], 2);
  EXPECT_EQ(r.report["events_after_as_of"], 1);
  EXPECT_EQ(r.report["clients_outside_window"], 1);
  events.paying_only = true;
  r = run(log, events, {});
  EXPECT_EQ(r.excluded, (std::vector<int8_t>{0, 8, 6}));
  EXPECT_EQ(r.report["clients_not_paying"], 1);
}

TEST(Behaviour, CancellationsNetOffOrAreDropped) {
  // A return on a day without an order makes no active day.
  const EventLog log =
      log_of({{1, 1 * kDay, 1000}, {1, 2 * kDay, -300}, {1, 5 * kDay, 600}, {1, 5 * kDay, -100}, {2, 3 * kDay, -500}});
  Result r = run(log, {}, {});
  EXPECT_EQ(r.columns["monetary"][0], 12);
  EXPECT_EQ(r.columns["orders"][0], 2);
  EXPECT_EQ(r.columns["active_days"][0], 2);
  EXPECT_EQ(r.columns["repeat_spend"][0], 5);
  EXPECT_EQ(r.columns["return_share"][0], 0.25);
  EXPECT_EQ(r.excluded, (std::vector<int8_t>{0, 6}));
  BehaviourSpec drop;
  drop.cancellations = BehaviourSpec::Cancellations::drop;
  r = run(log, {}, drop);
  EXPECT_EQ(r.columns["monetary"][0], 16);
  EXPECT_EQ(r.columns["return_share"][0], 0);
  EXPECT_EQ(r.report["cancellations_dropped"], 3);
}

TEST(Behaviour, ExactDuplicatesStayUnlessDropped) {
  const EventLog log = log_of({{1, 50, 100, 1}, {1, 50, 100, 2}, {1, 50, 100, 1}, {1, 50, 100, 1}, {1, 50, 70, 1}});
  Result r = run(log, {}, {});
  EXPECT_EQ(r.columns["orders"][0], 5);
  EXPECT_EQ(r.report["duplicates"], 2);
  EXPECT_EQ(r.report["duplicates_dropped"], 0);
  BehaviourSpec drop;
  drop.duplicates = BehaviourSpec::Duplicates::drop;
  r = run(log, {}, drop);
  EXPECT_EQ(r.columns["orders"][0], 3);
  EXPECT_EQ(r.columns["monetary"][0], 2.7);
  EXPECT_EQ(r.report["duplicates_dropped"], 2);
}

TEST(Behaviour, PicksFeaturesByNameOrBlock) {
  const EventLog log = log_of({{1, 50, 100}, {1, 3 * kDay, 100}}, false);
  BehaviourSpec spec;
  spec.features = {"timing", "orders"};
  const auto comm = make_single_comm();
  Workbench bench(*comm);
  const BehaviourTable table = behaviour(log, {}, spec, bench.env);
  const Schema& schema = table.source->schema();
  EXPECT_EQ(schema.columns.size(), 8u);
  EXPECT_EQ(schema.columns[0].name, "orders");
  EXPECT_EQ(schema.columns[0].kind, ColumnKind::count);
  EXPECT_EQ(schema.columns[1].block, "timing");
  for (const Column& column : schema.columns) EXPECT_EQ(column.missing_indicator, column.name == "gap_mean");
  spec.features = {"recencey"};
  const Error error = error_of([&] { behaviour(log, {}, spec, bench.env); });
  EXPECT_EQ(error.kind(), ErrorKind::usage);
  EXPECT_NE(error.complaint().hint.find("recency"), std::string::npos);
  spec.features = {"value"};
  EXPECT_EQ(error_of([&] { behaviour(log, {}, spec, bench.env); }).kind(), ErrorKind::usage);
  EventsSpec paying;
  paying.paying_only = true;
  spec.features = {"timing"};
  EXPECT_EQ(error_of([&] { behaviour(log, paying, spec, bench.env); }).kind(), ErrorKind::usage);
}

TEST(Behaviour, EqualsASlowOracleOnRandomLogs) {
  std::mt19937_64 engine(23);
  std::vector<Event> events;
  for (int i = 0; i < 6000; ++i)
    events.push_back({static_cast<int64_t>(engine() % 1800), static_cast<int64_t>(engine() % (300 * kDay)) - 100 * kDay,
                      static_cast<int64_t>(engine() % 5000)});
  const EventLog log = log_of(events);
  const Result r = run(log, {}, {}, {.threads = 1});
  for (size_t c = 0; c < static_cast<size_t>(log.clients.rows); ++c) {
    std::map<int64_t, double> days;
    double total = 0, orders = 0;
    for (const Event& e : events) {
      if (e.client != log.clients.integers[c]) continue;
      const auto day = static_cast<int64_t>(std::floor(static_cast<double>(e.ts) / kDay));
      days[day] += static_cast<double>(e.amount);
      total += static_cast<double>(e.amount);
      ++orders;
    }
    const double x = static_cast<double>(days.size()) - 1;
    const auto first = static_cast<double>(days.begin()->first), last = static_cast<double>(days.rbegin()->first);
    ASSERT_EQ(r.columns.at("recency")[c], static_cast<double>(r.as_of) / kDay - last);
    ASSERT_EQ(r.columns.at("tenure")[c], static_cast<double>(r.as_of) / kDay - first);
    ASSERT_EQ(r.columns.at("orders")[c], orders);
    ASSERT_EQ(r.columns.at("monetary")[c], total / 100);
    ASSERT_EQ(r.columns.at("active_days")[c], x + 1);
    if (x == 0) continue;
    double square = 0, logs = 0, before = first;
    const double mean = (last - first) / x;
    for (const auto& [day, amount] : days) {
      const double gap = static_cast<double>(day) - before;
      before = static_cast<double>(day);
      if (gap == 0) continue;
      square += (gap - mean) * (gap - mean);
      logs += std::log(gap);
    }
    const double deviation = std::sqrt(square / x);
    ASSERT_NEAR(r.columns.at("gap_mean")[c], mean, 1e-12);
    ASSERT_NEAR(r.columns.at("gap_cv")[c], deviation / mean, 1e-9);
    ASSERT_NEAR(r.columns.at("burstiness")[c], (deviation - mean) / (deviation + mean), 1e-9);
    ASSERT_NEAR(r.columns.at("gap_log_sum")[c], logs, 1e-12);
    ASSERT_NEAR(r.columns.at("repeat_spend")[c], (total - days.begin()->second) / 100 / x, 1e-12);
  }
}

TEST(Behaviour, IsTheSameForAnyThreadsAndAnyOrderOfTheFile) {
  std::mt19937_64 engine(29);
  std::vector<Event> events;
  for (int i = 0; i < 20000; ++i)
    events.push_back({static_cast<int64_t>(engine() % 5000), static_cast<int64_t>(engine() % (200 * kDay)),
                      static_cast<int64_t>(engine() % 5000) - 500});
  const Result expected = run(log_of(events), {}, {}, {.threads = 1});
  std::vector<Event> shuffled = events;
  std::shuffle(shuffled.begin(), shuffled.end(), engine);
  for (const auto& [log, threads] : {std::pair(log_of(events), 3), std::pair(log_of(shuffled), 7)}) {
    const Result r = run(log, {}, {}, {.threads = threads});
    for (const auto& [name, values] : r.columns)
      for (size_t c = 0; c < values.size(); ++c) ASSERT_EQ(bits(values[c]), bits(expected.columns.at(name)[c])) << name;
    EXPECT_EQ(r.report, expected.report);
  }
}

TEST(JoinBehaviour, KeepsEveryClientOfTheTable) {
  const EventLog log = log_of({{5, 10, 100}, {2, 20, 300}, {8, 30, -700}});
  const auto comm = make_single_comm();
  Workbench bench(*comm);
  BehaviourSpec spec;
  spec.features = {"monetary"};
  BehaviourTable table = behaviour(log, {}, spec, bench.env);
  Table clients;
  clients.add("a", {1, 2, 3, 4});
  clients.add("b", {5, 6, 7, 8});
  clients.ids = integer_ids({8, 1, 2, 5});
  const auto joined =
      join_behaviour(std::make_unique<MemorySource>(clients.source()), clients.ids, table, log.clients, bench.env.pool);
  EXPECT_EQ(joined->rows(), 4);
  std::vector<double> values(9);
  joined->read(1, std::vector<int>{1, 2, 0}, {values.data(), 3, 3, 3});
  EXPECT_EQ((std::vector<double>{values[0], values[1], values[2]}), (std::vector<double>{6, 7, 8}));
  EXPECT_TRUE(std::isnan(values[3]));
  EXPECT_EQ(values[4], 3);
  EXPECT_EQ(values[5], 1);
  EXPECT_EQ(values[8], 4);
  EXPECT_EQ(table.excluded, (std::vector<int8_t>{6, 0, 0, 0}));  // 8 only returned
  EXPECT_EQ(table.report["table_rows_without_events"], 1);
  EXPECT_EQ(table.report["log_clients_not_in_table"], 0);
  EXPECT_EQ(joined->read_ids(bench.env.pool).integers, clients.ids.integers);
}

TEST(JoinBehaviour, ClientsWithoutEventsDoNotPay) {
  const EventLog log = log_of({{5, 10, 100}, {2, 20, 300}});
  const auto comm = make_single_comm();
  Workbench bench(*comm);
  EventsSpec events;
  events.paying_only = true;
  BehaviourTable table = behaviour(log, events, {}, bench.env);
  Table clients;
  clients.add("a", {1, 2, 3});
  clients.ids = integer_ids({1, 2, 5});
  join_behaviour(std::make_unique<MemorySource>(clients.source()), clients.ids, table, log.clients, bench.env.pool);
  EXPECT_EQ(table.excluded, (std::vector<int8_t>{static_cast<int8_t>(Exclusion::no_events), 0, 0}));
}

TEST(JoinBehaviour, RefusesWhatCannotBeJoined) {
  const EventLog log = log_of({{5, 10, 100}});
  const auto comm = make_single_comm();
  Workbench bench(*comm);
  const auto refused = [&](const char* name, const IdColumn& ids) {
    BehaviourTable table = behaviour(log, {}, {}, bench.env);
    Table clients;
    clients.add(name, {1});
    clients.ids = ids;
    return error_of([&] {
      join_behaviour(std::make_unique<MemorySource>(clients.source()), ids, table, log.clients, bench.env.pool);
    });
  };
  EXPECT_EQ(refused("recency", integer_ids({5})).complaint().where, "column recency");
  EXPECT_EQ(refused("a", text_ids({"5"}, 1)).kind(), ErrorKind::input);
  EXPECT_EQ(refused("a", IdColumn{}).kind(), ErrorKind::input);
}

}  // namespace
}  // namespace clientele
