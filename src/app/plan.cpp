#include "plan.h"

#include <algorithm>
#include <filesystem>

#include "clientele/base/files.h"
#include "clientele/data/inspect.h"
#include "device.h"
#include "expected_time.h"
#include "fingerprint.h"
#include "machine.h"
#include "memory_plan.h"
#include "publication.h"
#include "run_lock.h"

namespace clientele {
namespace {

namespace fs = std::filesystem;

struct Shape {
  int64_t rows = -1;  ///< -1: known only after reading
  int64_t columns = 0;
  int64_t clustered = 0;  ///< columns that features come from
  int64_t features = 0;   ///< after one-hot expansion of dictionaries known now
  bool weighted = false;
};

Json column_list(const Schema& schema, const NormaliseSpec& spec, Shape& shape) {
  static constexpr const char* kRoles[] = {"automatic", "cluster", "profile", "id", "weight", "ignore"};
  static constexpr const char* kKinds[] = {"automatic", "number", "count", "money", "ordinal",
                                           "category",  "flag",   "time",  "id"};
  Json list = Json::array();
  for (const Column& column : schema.columns) {
    const int64_t features = features_of(column, spec);
    list.push_back({{"name", column.name},
                    {"kind", kKinds[static_cast<int>(column.kind)]},
                    {"role", kRoles[static_cast<int>(column.role)]},
                    {"features", features}});
    ++shape.columns;
    shape.clustered += features > 0 ? 1 : 0;
    shape.features += features;
    shape.weighted = shape.weighted || column.role == ColumnRole::weight;
  }
  return list;
}

/// The table's schema with the behaviour features that the job asks for.
Schema with_behaviour(Schema schema, const BehaviourSpec& spec) {
  for (const BehaviourFeature& feature : behaviour_features()) {
    for (const std::string& word : spec.features) {
      if (word != feature.name && word != feature.block) continue;
      Column column;
      column.name = feature.name;
      column.unit = feature.unit;
      schema.columns.push_back(column);
      break;
    }
  }
  return schema;
}

/// `source`: the table, where there is one; its readers share `cache`.
Json input_plan(const Job& job, ThreadPool& pool, const std::shared_ptr<ReadCache>& cache,
                std::unique_ptr<Source>& source, Schema& schema, Shape& shape) {
  Json plan = Json::object();
  if (!job.input.file.empty()) {
    source = code_categories(open_input(job.input, pool, cache), declared_categories(job.columns), pool);
    const ReadPlan read = source->plan();
    schema = source->schema();
    shape.rows = source->rows();
    plan = {{"files", job.input.file},
            {"layout", read.layout},
            {"rows", shape.rows},
            {"read_path", read.path},
            {"datasets", read.datasets},
            {"notes", read.notes},
            {"stored_bytes", read.stored_bytes},
            {"decoded_bytes", read.decoded_bytes}};
  }
  if (job.events.present()) {
    for (const std::string& file : job.events.file) inspect_file(file);
    plan["events"] = job.events.file;
    if (job.input.file.empty()) plan["rows"] = "one a client of the log, known after reading";
    schema = with_behaviour(std::move(schema), job.behaviour);
  }
  return plan;
}

/// Exact quantiles take a read for each 16 bits of a value, and one comes before them for the counts.
constexpr int64_t kQuantileReads = 5;

bool needs_quantiles(const Job& job) {
  using Method = NormaliseSpec::Method;
  const Method method = job.normalise.method;
  return method == Method::robust || method == Method::quantile || !job.normalise.winsorise.empty() ||
         job.clean.missing == CleanSpec::Missing::median;
}

// Overlapping segments; separated ones take fewer.
constexpr int64_t kIterationsToStrict = 100, kIterationsToRest = 30;

/// Finding the start of one fit, in passes over all rows: greedy k-means++ tries 2 + log k candidates a step, in
/// double; a race runs some 25 rounds for each start on an eighth of the sample, and some 40 for a quarter of them on
/// all of it.
double start_passes(const ClusterSpec& spec, int64_t rows) {
  constexpr double kSeeding = 10, kRace = 25.0 / 8 + 40.0 / 4, kFarRows = 4;
  if (spec.given_start()) return 0;
  if (!spec.raced() || rows <= spec.start_rows / 8) return kSeeding;
  const double sample = static_cast<double>(std::min(rows, spec.start_sample_rows(spec.k.back())));
  return kFarRows + static_cast<double>(spec.restarts) * kRace * sample / static_cast<double>(rows);
}

Workload workload(const Job& job, const Footprint& size, const Source* source) {
  const int64_t ks = fits_of(job.cluster);
  const bool raced = job.cluster.raced() && size.rows > job.cluster.start_rows / 8;
  return {.size = size,
          .columns = source == nullptr ? 0 : static_cast<int64_t>(source->schema().columns.size()),
          .input_passes = 2 + (needs_quantiles(job) ? kQuantileReads : 1) + kQuantileReads,
          .fits = ks * (job.cluster.given_start() || raced ? 1 : job.cluster.restarts),
          .start_passes = start_passes(job.cluster, size.rows),
          .iterations = job.cluster.stop == StopRule::strict ? kIterationsToStrict : kIterationsToRest,
          .judged = ks,
          .max_iterations = job.cluster.max_iterations};
}

/// How often the input is read, by stage; iterations run on the features in memory.
Json passes(const Job& job, const Workload& work) {
  Json list = Json::array();
  list.push_back({{"stage", "clean"}, {"reads", "1"}});
  list.push_back({{"stage", "normalise"}, {"reads", needs_quantiles(job) ? "1 to 5, for exact quantiles" : "0 or 1"}});
  list.push_back({{"stage", "features"}, {"reads", "1"}});
  list.push_back({{"stage", "cluster"},
                  {"reads", "0"},
                  {"fits", work.fits},
                  {"iterations_at_most", work.fits * work.max_iterations}});
  list.push_back({{"stage", "profile"}, {"reads", "1 to 5, for exact quantiles"}});
  return list;
}

/// A process that has done nothing yet, and ids as whole numbers; a run measures what it holds.
constexpr int64_t kProgramBytes = int64_t{24} << 20;
constexpr int64_t kIdBytes = 8;

/// A GPU's driver takes hundreds of MiB of this process' memory, as it does of a run's.
int64_t held_bytes(const Job& job, const Shape& shape, const JobBackend& backend) {
  const int64_t program = backend.holds_context() ? std::max(kProgramBytes, resident_bytes()) : kProgramBytes;
  return program + (job.input.id.empty() ? 0 : shape.rows * kIdBytes);
}

/// What a pass copies to the GPU, at most: bounds and compressed copies spare later passes some of it.
void add_copies(const MemoryPlan& memory, const Backend& backend, Workload& work) {
  if (!memory.on_gpu || !memory.streamed()) return;
  work.page_rows = std::min(memory.blocks.block_rows, work.size.rows);
  work.copied_bytes = backend.page_layout(work.size.d).bytes(work.size.rows - memory.blocks.resident_rows);
}

Json scratch_plan(const Job& job, int64_t bytes) {
  const FolderFacts facts = folder_facts(scratch_folder(job));
  return {{"folder", facts.path},
          {"file_system", facts.file_system},
          {"bytes", bytes},
          {"in_memory", facts.in_memory()},
          {"free_bytes", facts.free_bytes},
          {"fits", facts.writable && facts.free_bytes >= bytes}};
}

/// Adds to `work` what the plan says of passes.
Json memory_plan(const Job& job, const Shape& shape, const ReadCache& cache, const JobBackend& backend,
                 Workload& work) {
  const Footprint& need = work.size;
  Json plan = {{"usable_bytes", memory_facts().usable_bytes()}};
  if (shape.rows < 0) {
    plan["estimate"] = "depends on the number of clients in the log";
    return plan;
  }
  const DeviceRoom room = backend.device_room();
  const MemoryPlan memory = plan_memory(memory_limit(job.run),
                                        {.base_bytes = held_bytes(job, shape, backend),
                                         .columns = shape.columns,
                                         .threads = backend->facts().threads,
                                         .block_rows = job.run.block_rows,
                                         .device_bytes = room.bytes,
                                         .input_rows = shape.rows,
                                         .resample_rows = resample_rows(job.cluster, job.judge),
                                         .reading = cache.needs()},
                                        need, *backend);
  plan.update(memory_json(memory));
  if (backend.choice().cuda) {
    plan["device_free_bytes"] = room.free_bytes;
    plan["device_limit_bytes"] = room.bytes;
  }
  bool fits = memory.fits() && backend.has_room(need);
  if (fits) add_copies(memory, *backend, work);
  work.side_by_side = memory.side_by_side;
  if (memory.blocks.scratch_bytes > 0) {
    plan["scratch"] = scratch_plan(job, memory.blocks.scratch_bytes);
    fits = fits && plan["scratch"]["fits"].get<bool>();
  }
  plan["fits"] = fits;
  return plan;
}

/// Decided from the recorded sizes and times of the input files, without reading them.
Json up_to_date_plan(const Job& job) {
  if (job.output.folder.empty()) return "unknown: no output folder is given";
  const fs::path folder = absolute_folder(job.output.folder);
  std::error_code fault;
  if (!fs::is_regular_file(folder / kMarker, fault)) return "no: the folder holds no run";
  const Json run = Json::parse(read_text(folder / kMarker), nullptr, false);
  if (!run.is_object() || !run.contains("run_key") || !run.contains("input"))
    return "no: the folder's run.json is damaged";
  std::vector<InputFile> files = list_inputs(job);
  for (InputFile& file : files)
    for (const Json& record : run["input"].value("files", Json::array()))
      if (record.value("path", "") == file.path && record.value("size", int64_t{-1}) == file.size &&
          record.value("modified", "") == iso_time(file.modified))
        file.checksum = record.value("checksum", "");
  if (run_key(job, files) != run["run_key"].get<std::string>())
    return "no: the job, an input file or the program changed";
  return "yes, if the output's checksums hold: the run would do nothing";
}

}  // namespace

Json plan_job(const BoundJob& bound) {
  const Job& job = bound.job;
  ThreadPool pool(static_cast<int>(job.run.threads));
  JobBackend backend(job.run, choose_device(job.run, cuda_facts()), pool);
  Shape shape;
  Schema schema;
  const auto cache = std::make_shared<ReadCache>();
  std::unique_ptr<Source> source;
  Json plan = {{"input", input_plan(job, pool, cache, source, schema, shape)}};
  apply_column_specs(job.columns, schema);
  plan["columns"] = column_list(schema, job.normalise, shape);
  plan["features"] = {{"columns", shape.clustered}, {"features", shape.features}};
  plan["k"] = job.cluster.k;
  const Footprint need = footprint_of(shape.rows, static_cast<int>(shape.features), shape.weighted, job.cluster);
  Workload work = workload(job, need, source.get());
  plan["passes"] = passes(job, work);
  if (shape.rows >= 0 && job.run.device == "auto") backend.make_room(need);
  plan["device"] = {{"name", backend->facts().name},
                    {"device", backend->facts().device},
                    {"simd", backend->facts().simd},
                    {"threads", backend->facts().threads},
                    {"reason", backend.choice().reason}};
  plan["memory"] = memory_plan(job, shape, *cache, backend, work);
  if (plan["memory"].contains("scratch") && plan["memory"]["scratch"]["fits"])
    work.scratch_seconds = scratch_pass_seconds(scratch_folder(job), plan["memory"]["scratch"]["bytes"]);
  plan["time"] = expected_time(work, source.get(), *backend, pool);
  Json outputs = {"segments.h5ad",     "profiles.csv", "profiles.json", "model.h5",
                  "data_quality.json", "run.json",     "report.html"};
  if (job.output.csv) outputs.push_back("segments.csv");
  plan["output"] = {{"folder", job.output.folder}, {"files", outputs}, {"up_to_date", up_to_date_plan(job)}};
  return plan;
}

}  // namespace clientele
