#include "assign.h"

#include <cmath>

#include "client_rows.h"
#include "clientele/prep/normalise.h"
#include "clients.h"
#include "device.h"
#include "fingerprint.h"
#include "job_resolve.h"
#include "machine.h"
#include "memory_plan.h"
#include "model_source.h"
#include "publication.h"
#include "run_lock.h"
#include "run_record.h"
#include "stage_clock.h"
#include "version.h"

namespace clientele {
namespace {

/// The input with the model as one more file: a changed model is another run.
std::vector<InputFile> prints_of(const AssignRequest& request, ThreadPool& pool) {
  Job files;
  files.input = request.job.input;
  files.events = request.job.events;
  files.cluster.init = request.model;
  return fingerprint(files, pool);
}

/// Nothing is judged about the columns: missing values are imputed by the model, and rows it has no value for are set
/// apart.
CleanSpec lenient(const FeatureSpace& space, Schema& schema) {
  CleanSpec spec;
  spec.duplicates = CleanSpec::Duplicates::keep_all;
  spec.infinite = CleanSpec::Infinite::drop_row;
  spec.constant = CleanSpec::Constant::keep;
  spec.missing = CleanSpec::Missing::drop;
  for (Column& column : schema.columns) {
    column.role = ColumnRole::ignore;
    column.missing = MissingPolicy::drop;
  }
  for (const Feature& feature : space.features) {
    Column& column = schema.columns[static_cast<size_t>(feature.transform.source)];
    const FeatureForm form = feature.transform.form;
    column.role = ColumnRole::cluster;
    if ((form == FeatureForm::number || form == FeatureForm::ranked) && std::isnan(feature.transform.impute))
      column.missing = MissingPolicy::drop_row;
  }
  return spec;
}

/// The saved centroids as a clustering that publish() takes.
Clustering clustering_of(const Model& model) {
  Clustering clustering;
  clustering.k = model.k;
  clustering.d = model.space.d();
  clustering.centroids = model.centroids;
  return clustering;
}

std::vector<int64_t> segment_sizes(const std::vector<int32_t>& segment, int k) {
  std::vector<int64_t> sizes(static_cast<size_t>(k));
  for (const int32_t label : segment)
    if (label >= 0) ++sizes[static_cast<size_t>(label)];
  return sizes;
}

/// Rows of each segment that the model's threshold makes outliers.
std::vector<int64_t> outlier_sizes(const ClientRows& rows, const Model& model) {
  std::vector<int64_t> sizes(static_cast<size_t>(model.k));
  for (size_t i = 0; i < rows.segment.size(); ++i)
    if (static_cast<double>(rows.distance[i]) > model.outlier_distance) ++sizes[static_cast<size_t>(rows.segment[i])];
  return sizes;
}

Json segment_list(const Model& model, const std::vector<int64_t>& sizes, int64_t kept) {
  Json list = Json::array();
  for (size_t s = 0; s < sizes.size(); ++s)
    list.push_back({{"segment", s},
                    {"name", model.segment_names[s]},
                    {"rows", sizes[s]},
                    {"share", static_cast<double>(sizes[s]) / static_cast<double>(kept)}});
  return {{"segments", list}};
}

/// Warns of them; returns the rows by column, for data_quality.json.
Json report_unseen(ModelSource& source, Env& env) {
  Json unseen_rows = Json::object();
  for (const auto& [name, rows] : source.count_unseen()) {
    unseen_rows[name] = rows;
    std::string categories;
    const std::vector<std::string>& unseen = source.unseen().at(name);
    for (size_t i = 0; i < unseen.size() && i < 5; ++i) categories += (i == 0 ? "" : ", ") + unseen[i];
    if (unseen.size() > 5) categories += ", ...";
    if (rows > 0)
      env.warnings.push_back(std::to_string(rows) + " rows have a category of \"" + name +
                             "\" that the model has never seen (" + categories + "); it counts as missing.");
  }
  return unseen_rows;
}

std::string assign_key(const AssignRequest& request, const std::vector<InputFile>& files) {
  Job job;
  job.input = request.job.input;
  job.events = request.job.events;
  job.behaviour = request.job.behaviour;
  job.output.csv = request.job.output.csv;
  return checksum_text("assign " + run_key(job, files));
}

RunOutcome earlier_outcome(const std::filesystem::path& folder) {
  RunOutcome outcome;
  outcome.up_to_date = true;
  outcome.folder = folder;
  outcome.run = Json::parse(read_text(folder / kMarker));
  for (const Json& segment : outcome.run["segments"]) outcome.segment_names.push_back(segment.value("name", ""));
  for (const Json& warning : outcome.run["warnings"]) outcome.warnings.push_back(warning);
  return outcome;
}

/// The stages' results, as far as publishing needs them.
struct Assigned {
  const Clients& clients;
  CleanRows& rows;
  const ModelSource& source;
  Published& published;
  const DeviceChoice& device;
  const Json& regime;
  const MemoryPlan& memory;
};

/// on_demand: features that are not kept in memory are made anew (make_row_blocks). Throws Error{device} where the
/// limit is too low for the scores alone.
MemoryPlan plan_scoring(const MemoryLimit& limit, const Job& job, const ModelSource& source, const Footprint& need,
                        bool on_demand, const JobBackend& backend, const Clients& clients, const ThreadPool& pool) {
  clients.cache->drop();
  return_freed_memory();
  const MemoryDemand demand = {.base_bytes = resident_bytes(),
                               .columns = static_cast<int64_t>(source.needed().size()),
                               .threads = pool.threads(),
                               .block_rows = job.run.block_rows,
                               .device_bytes = backend.device_room().bytes,
                               .clustered = false,
                               .on_demand = on_demand,
                               .input_rows = clients.ids.rows,
                               .reading = clients.cache->needs()};
  MemoryPlan plan = plan_memory(limit, demand, need, *backend);
  refuse_too_little(plan, need);
  clients.cache->limit(plan.cache_bytes);
  return plan;
}

RunOutcome publish_assignment(const AssignRequest& request, const Model& model, const std::vector<InputFile>& files,
                              const std::string& key, const Assigned& done, StageClock& clock, StagedFolder& staged,
                              Env& env) {
  env.progress.stage("write", 0, "");
  const int64_t read = done.clients.ids.rows, columns = static_cast<int64_t>(done.source.needed().size());
  const ClientRows spread = spread_rows(done.published, done.rows);
  const std::vector<int64_t> sizes = segment_sizes(spread.segment, model.k);
  const Json segments = segment_list(model, sizes, done.rows.kept);
  Json result = {{"k", model.k}, {"sizes", sizes}, {"seed", model.seed}};
  if (std::isfinite(model.outlier_distance))
    result["outliers"] = outlier_record(model.outlier_distance, outlier_sizes(spread, model));
  const Json portable = {{"job", {{"assign", files.back().checksum}}},
                         {"seed", model.seed},
                         {"input", input_values({files.begin(), files.end() - 1}, read, columns)},
                         {"result", result}};
  const SegmentsFile file = segments_file(model, spread.view(done.clients.ids), segments, portable);
  clock.timed("write", [&] {
    write_segments_h5ad(staged.path() / "segments.h5ad", file, env.pool);
    if (request.job.output.csv) write_segments_csv(staged.path() / "segments.csv", file);
  });
  write_text(staged.path() / "data_quality.json", json_text(done.rows.report));
  refuse_changed(files);
  Json run = {
      {"schema", 1}, {"program", program_facts()}, {"kind", kAssignKind}, {"seed", model.seed}, {"run_key", key}};
  run["input"] = input_record(files, done.clients.plan, read, columns);
  run["device"] = device_record(env.backend.facts());
  run["device"]["reason"] = done.device.reason;
  run["memory"] = done.regime;
  run["rows"] = {{"read", read}, {"kept", done.rows.kept}, {"excluded", exclusion_counts(spread.excluded)}};
  run["result"] = result;
  run["segments"] = segments["segments"];
  run["stages"] = clock.json();
  run["seconds"] = clock.total();
  run["peak_memory_bytes"] = peak_memory_bytes();
  warn_of_memory(done.memory, run["peak_memory_bytes"], env);
  run["warnings"] = env.warnings;
  run["checksums"] = Json::object();
  for (const auto& [entry, sum] : staged.checksums()) run["checksums"][entry] = sum;
  write_text(staged.path() / kMarker, json_text(run));
  staged.publish();
  RunOutcome outcome;
  outcome.folder = absolute_folder(request.job.output.folder);
  outcome.run = std::move(run);
  outcome.segment_names = model.segment_names;
  outcome.warnings = std::move(env.warnings);
  return outcome;
}

}  // namespace

RunOutcome assign_clients(const AssignRequest& request, bool force, Progress& progress) {
  const Job& job = request.job;
  const std::filesystem::path folder = absolute_folder(job.output.folder);
  StageClock clock;
  const RunLock lock(folder);
  remove_stale_staging(folder);
  const DeviceChoice device = choose_device(job.run, cuda_facts());
  ThreadPool pool(static_cast<int>(job.run.threads));
  progress.stage("fingerprint", 0, "");
  const std::vector<InputFile> files = clock.timed("fingerprint", [&] { return prints_of(request, pool); });
  const std::string key = assign_key(request, files);
  if (!force && up_to_date(folder, key)) return earlier_outcome(folder);

  Model model = read_model(request.model);
  StagedFolder staged(folder, kMarker, replaceable_by(kAssignKind));
  JobBackend backend(job.run, device, pool);
  const std::unique_ptr<Comm> comm = make_single_comm();
  Env reading = backend.env(*comm, progress);
  // Once, before anything is held: what is free later is what the plan counts as held already.
  const MemoryLimit limit = memory_limit(job.run);
  const int64_t opening = limit.bytes / kShareOfOpening;
  Clients clients = clock.timed("open", [&] { return open_clients(job, opening, reading); });
  const std::string name = job.input.file.empty() ? job.events.file.front() : job.input.file.front();
  clients.source = code_categories(std::move(clients.source), number_categories(model.space.schema), pool);
  ModelSource source(std::move(clients.source), model.space, name);
  const Json unseen = report_unseen(source, reading);
  const CleanSpec spec = lenient(model.space, source.mutable_schema());
  CleanRows rows = clock.timed("clean", [&] { return clean(source, clients.ids, spec, reading, clients.excluded); });
  describe_events(clients, rows.report);
  rows.report["unseen_categories"] = unseen;
  const Footprint need = {.rows = rows.kept, .d = model.space.d(), .k = model.k};
  Env env = backend.with_room(std::move(reading), need);
  const bool on_demand = !model.space.spherical;
  const MemoryPlan memory = plan_scoring(limit, job, source, need, on_demand, backend, clients, pool);
  env.memory = memory.share(scratch_folder(job));
  if (!on_demand) warn_of_scratch(memory, scratch_folder(job), env);
  RowBlocks blocks =
      clock.timed("features", [&] { return make_row_blocks(source, rows, model.space, false, -1, env); });
  Published published = clock.timed("assign", [&] { return publish(blocks, clustering_of(model), env); });
  const Json regime = regime_record(memory, blocks.traffic());
  blocks.release_rows();
  clients.cache->drop();
  return_freed_memory();

  const Assigned assigned{clients, rows, source, published, backend.choice(), regime, memory};
  return publish_assignment(request, model, files, key, assigned, clock, staged, env);
}

}  // namespace clientele
