#include "pipeline.h"

#include "client_rows.h"
#include "clientele/base/files.h"
#include "clientele/prep/normalise.h"
#include "clients.h"
#include "device.h"
#include "display.h"
#include "fingerprint.h"
#include "job_resolve.h"
#include "machine.h"
#include "memory_plan.h"
#include "model_of.h"
#include "publication.h"
#include "run_lock.h"
#include "run_record.h"
#include "stage_clock.h"
#include "start_centroids.h"
#include "version.h"

namespace clientele {
namespace {

/// Position of the column with row weights, or -1.
int weight_column(const Schema& schema) {
  for (size_t i = 0; i < schema.columns.size(); ++i)
    if (schema.columns[i].role == ColumnRole::weight) return static_cast<int>(i);
  return -1;
}

RunOutcome outcome_of(const std::filesystem::path& folder) {
  RunOutcome outcome;
  outcome.up_to_date = true;
  outcome.folder = folder;
  outcome.run = Json::parse(read_text(folder / kMarker));
  const Json profiles = Json::parse(read_text(folder / "profiles.json"));
  for (const Json& segment : profiles["segments"]) outcome.segment_names.push_back(segment.value("name", ""));
  for (const Json& warning : outcome.run["warnings"]) outcome.warnings.push_back(warning);
  return outcome;
}

void warn_of_result(const Clustering& best, const ProfileSpec& spec, Env& env) {
  const std::string k = std::to_string(best.k);
  if (!best.converged && best.stopped_by != "min_size")  // stopped where the minimum size was kept, as asked for
    env.warnings.push_back("The clustering with k = " + k + " did not converge: it stopped by " + best.stopped_by +
                           " after " + std::to_string(best.iterations) + " iterations.");
  if (spec.names.size() > static_cast<size_t>(best.k))
    env.warnings.push_back("profile.names has " + std::to_string(spec.names.size()) + " names, but there are " + k +
                           " segments: the last names are unused.");
  if (best.dropped > 0)
    env.warnings.push_back("There are " + k + " segments instead of " + std::to_string(best.k + best.dropped) +
                           ": more could not be given the size of cluster.min_size.");
  if (best.empty_left > 0)
    env.warnings.push_back(std::to_string(best.empty_left) +
                           " segment(s) stayed empty: the data has no rows left to start them from.");
}

/// What the job holds in memory once its clients are open.
MemoryDemand demand_now(const Job& job, const Clients& clients, const JobBackend& backend, const ThreadPool& pool) {
  clients.cache->drop();
  return_freed_memory();
  return {.base_bytes = resident_bytes(),
          .columns = static_cast<int64_t>(clients.source->schema().columns.size()),
          .threads = pool.threads(),
          .block_rows = job.run.block_rows,
          .device_bytes = backend.device_room().bytes,
          .input_rows = clients.ids.rows,
          .resample_rows = resample_rows(job.cluster, job.judge),
          .reading = clients.cache->needs()};
}

/// Refuses what cannot be done under the limit before anything is; returns what cleaning and normalising may take.
MemoryShare first_share(const Job& job, const MemoryLimit& limit, const Clients& clients, const JobBackend& backend,
                        const ThreadPool& pool) {
  Footprint need = footprint_of(clients.ids.rows, 0, weight_column(clients.source->schema()) >= 0, job.cluster);
  for (const Column& column : clients.source->schema().columns)
    need.d += static_cast<int>(features_of(column, job.normalise));
  const MemoryPlan plan = plan_memory(limit, demand_now(job, clients, backend, pool), need, *backend);
  // What cleaning drops may let the rest fit: a limit that somebody gave is kept strictly.
  if (limit.given) refuse_too_little(plan, need);
  clients.cache->limit(plan.cache_bytes);
  return plan.share(scratch_folder(job));
}

/// Features of the rows, under the plan, unless that does not fit at all. What reading took is given back: nothing is
/// read again until profiling.
RowBlocks make_features(const Job& job, const MemoryPlan& memory, const Footprint& need, const Clients& clients,
                        const CleanRows& rows, FeatureSpace& space, int weights, Env& env) {
  refuse_too_little(memory, need);
  clients.cache->limit(memory.cache_bytes);
  env.memory = memory.features_share(scratch_folder(job));
  warn_of_scratch(memory, scratch_folder(job), env);
  RowBlocks blocks = make_row_blocks(*clients.source, rows, space, true, weights, env);
  env.memory = memory.share(scratch_folder(job));
  clients.cache->drop();
  return_freed_memory();
  return blocks;
}

std::string no_segments(const KChoice& choice) {
  std::string text = "No segments worth having.";
  for (const std::string& doubt : choice.doubts) text += " " + doubt;
  return text;
}

/// What run.json says of the run as a whole; the stages add what they know.
Json run_head(const BoundJob& bound, const std::string& key) {
  return {{"schema", 1},
          {"kind", kRunKind},
          {"program", program_facts()},
          {"job", job_with_origins(bound)},
          {"seed", bound.job.cluster.seed},
          {"run_key", key}};
}

/// The stages' results, as far as publishing needs them.
struct Finished {
  Clients& clients;
  CleanRows& rows;
  NormaliseFit& fitted;
  Sweep& sweep;
  const Profiles& profiles;
  const MemoryPlan& memory;
};

/// Writes everything, puts run.json together and publishes.
RunOutcome publish_result(const BoundJob& bound, const std::vector<InputFile>& files, Finished done, Json run,
                          StageClock& clock, StagedFolder& staged, Env& env) {
  const Job& job = bound.job;
  const uint64_t seed = static_cast<uint64_t>(job.cluster.seed);
  const Clustering& best = done.sweep.best().clustering;
  warn_of_result(best, job.profile, env);
  if (!done.sweep.choice.worth_having) env.warnings.push_back(no_segments(done.sweep.choice));
  const int64_t read = done.clients.ids.rows;
  const int64_t columns = static_cast<int64_t>(done.clients.source->schema().columns.size());
  run["input"] = input_record(files, done.clients.plan, read, columns);
  run["result"] = result_record(done.sweep, job.judge, seed);
  run["normalisation"] = done.fitted.report;
  run["behaviour"] = done.clients.behaviour;
  const Json portable = {{"job", job_values(job)},
                         {"seed", seed},
                         {"input", input_values(files, read, columns)},
                         {"result", portable_result(run["result"])}};

  env.progress.stage("write", 0, "");
  Model model = model_of(std::move(done.fitted.space), best, done.profiles, done.rows.missing, seed);
  model.outlier_distance = done.sweep.outliers.threshold;
  const Publication publication{to_json(done.profiles), to_csv(done.profiles), done.rows.report, job.output.csv};
  const ClientRows spread = spread_rows(done.sweep.published, done.rows);
  run["rows"] = {{"read", read}, {"kept", done.rows.kept}, {"excluded", exclusion_counts(spread.excluded)}};
  clock.timed("write", [&] {
    const SegmentsFile file = segments_file(model, spread.view(done.clients.ids), publication.profiles, portable);
    write_result(staged, file, model, publication, env.pool);
  });
  refuse_changed(files);
  run["stages"] = clock.json();
  run["seconds"] = clock.total();
  run["peak_memory_bytes"] = peak_memory_bytes();
  warn_of_memory(done.memory, run["peak_memory_bytes"], env);
  run["warnings"] = env.warnings;
  publish_run(staged, run, publication);
  RunOutcome outcome;
  outcome.folder = absolute_folder(job.output.folder);
  outcome.run = std::move(run);
  outcome.segment_names = model.segment_names;
  outcome.warnings = std::move(env.warnings);
  return outcome;
}

}  // namespace

RunOutcome run_job(const BoundJob& bound, bool force, Progress& progress) {
  const Job& job = bound.job;
  const std::filesystem::path folder = absolute_folder(job.output.folder);
  StageClock clock;

  const RunLock lock(folder);
  remove_stale_staging(folder);
  const DeviceChoice device = choose_device(job.run, cuda_facts());
  ThreadPool pool(static_cast<int>(job.run.threads));
  progress.stage("fingerprint", 0, "");
  const std::vector<InputFile> files = clock.timed("fingerprint", [&] { return fingerprint(job, pool); });
  const std::string key = run_key(job, files);
  if (!force && up_to_date(folder, key)) return outcome_of(folder);

  StagedFolder staged(folder, kMarker, replaceable_by(kRunKind));
  JobBackend backend(job.run, device, pool);
  const std::unique_ptr<Comm> comm = make_single_comm();
  const MemoryLimit limit = memory_limit(job.run);
  Env reading = backend.env(*comm, progress);
  Clients clients = clock.timed("open", [&] { return open_clients(job, limit.bytes / kShareOfOpening, reading); });
  reading.memory = first_share(job, limit, clients, backend, pool);
  CleanRows rows =
      clock.timed("clean", [&] { return clean(*clients.source, clients.ids, job.clean, reading, clients.excluded); });
  describe_events(clients, rows.report);
  const bool spherical = job.cluster.algorithm == ClusterSpec::Algorithm::spherical;
  NormaliseFit fitted = clock.timed("normalise", [&] {
    return fit_normaliser(*clients.source, rows, job.normalise, job.blocks, spherical, reading);
  });
  const int weights = weight_column(clients.source->schema());
  const Footprint need = footprint_of(rows.kept, fitted.space.d(), weights >= 0, job.cluster);
  Env env = backend.with_room(std::move(reading), need);
  const MemoryPlan memory = plan_memory(limit, demand_now(job, clients, backend, pool), need, *backend);
  backend->allow_extra(memory.extra_bytes);
  Json run = run_head(bound, key);
  run["device"] = device_record(backend->facts());
  run["device"]["reason"] = backend.choice().reason;
  RowBlocks blocks = clock.timed(
      "features", [&] { return make_features(job, memory, need, clients, rows, fitted.space, weights, env); });
  const StartPlan start = plan_start(bound, fitted.space, rows, blocks, env);
  Sweep sweep = clock.timed("cluster", [&] {
    return fit_and_judge(blocks, start.ks, start.centroids, job.cluster, job.judge, memory.side_by_side, env);
  });
  run["memory"] = regime_record(memory, blocks.traffic());
  blocks.release_rows();  // before profiling and writing need memory of their own
  return_freed_memory();
  Profiles profiles = clock.timed("profile", [&] {
    progress.stage("profile", 0, "");
    return profile(*clients.source, rows, fitted.space, blocks, sweep.best().clustering, sweep.published, job.profile,
                   env);
  });
  clients.cache->drop();
  for (size_t s = 0; s < sweep.outliers.rows.size(); ++s) profiles.segments[s].outliers = sweep.outliers.rows[s];
  return publish_result(bound, files, {clients, rows, fitted, sweep, profiles, memory}, std::move(run), clock, staged,
                        env);
}

}  // namespace clientele
