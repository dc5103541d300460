#include "clients.h"

#include "clientele/prep/behaviour.h"

namespace clientele {
namespace {

void add_events(const Job& job, Env& env, Clients& clients) {
  env.progress.stage("read events", 0, "events");
  EventLog log = read_events(job.events, env.pool, clients.cache);
  const IdColumn log_ids = log.clients;
  const ReadPlan log_plan = log.plan;
  BehaviourTable table = behaviour(log, job.events, job.behaviour, env);
  log = EventLog();
  if (clients.source == nullptr) {
    clients.source = std::move(table.source);
    clients.ids = log_ids;
    clients.plan = log_plan;
  } else {
    clients.source = join_behaviour(std::move(clients.source), clients.ids, table, log_ids, env.pool);
    clients.plan.layout += " + events";
    clients.plan.datasets.insert(clients.plan.datasets.end(), log_plan.datasets.begin(), log_plan.datasets.end());
    clients.plan.notes.insert(clients.plan.notes.end(), log_plan.notes.begin(), log_plan.notes.end());
    clients.plan.stored_bytes += log_plan.stored_bytes;
    clients.plan.decoded_bytes += log_plan.decoded_bytes;
  }
  clients.behaviour = std::move(table.report);
  clients.checks = std::move(table.checks);
  const int64_t without = clients.behaviour.value("table_rows_without_events", int64_t{0});
  if (without > 0 && !job.events.paying_only)
    env.warnings.push_back(std::to_string(without) +
                           " clients of the table have no events; their behaviour features are missing and imputed.");
  clients.excluded = std::move(table.excluded);
}

}  // namespace

Clients open_clients(const Job& job, int64_t cache_bytes, Env& env) {
  Clients clients;
  clients.cache->limit(cache_bytes);
  env.progress.stage("open", 0, "");
  if (!job.input.file.empty()) {
    clients.source = open_input(job.input, env.pool, clients.cache);
    clients.plan = clients.source->plan();
    clients.ids = clients.source->read_ids(env.pool);
  }
  if (job.events.present()) add_events(job, env, clients);
  clients.source = code_categories(std::move(clients.source), declared_categories(job.columns), env.pool);
  apply_column_specs(job.columns, clients.source->mutable_schema());
  return clients;
}

void describe_events(const Clients& clients, Json& quality) {
  if (clients.behaviour.is_null()) return;
  for (const Json& check : clients.checks) quality["checks"].push_back(check);
  quality["events"] = clients.behaviour;
}

}  // namespace clientele
