#include "clients.h"

#include "clientele/prep/behaviour.h"

namespace clientele {
namespace {

void add_events(const Job& job, Env& env, Clients& clients) {
  env.progress.stage("read events", 0, "events");
  EventLog log = read_events(job.events, env.pool);
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
  clients.excluded = std::move(table.excluded);
}

}  // namespace

Clients open_clients(const Job& job, Env& env) {
  Clients clients;
  env.progress.stage("open", 0, "");
  if (!job.input.file.empty()) {
    clients.source = open_input(job.input, env.pool);
    clients.plan = clients.source->plan();
    clients.ids = clients.source->read_ids(env.pool);
  }
  if (job.events.present()) add_events(job, env, clients);
  apply_column_specs(job.columns, clients.source->mutable_schema());
  return clients;
}

}  // namespace clientele
