#include "memory_plan.h"

#include <algorithm>

#include "byte_size.h"
#include "clientele/base/canonical.h"
#include "clientele/base/errors.h"
#include "clientele/judge/judge.h"
#include "display.h"
#include "machine.h"
#include "run_lock.h"

namespace clientele {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;
/// Rows of one read: Env::piece_rows.
constexpr int64_t kPieceRows = 8192;
/// Stacks, buffers of the HDF5 library, samples of the indices, what the heap keeps.
constexpr int64_t kSlackBytes = 12 * kMiB;
constexpr int64_t kLeastTables = 8 * kMiB;
constexpr int64_t kLeastSearch = 2 * kMiB;          ///< tables of one feature's quartiles
constexpr int64_t kMostLeastCache = 64 * kMiB;      ///< more than that is no condition for starting
constexpr int64_t kSampleBytes = 64;                ///< a sample row, besides its features: keys, labels, draws
constexpr int64_t kPublishedBytes = 4 + 4 + 4 + 4;  ///< a row: label, second, distance, margin
constexpr int64_t kSpreadBytes = 1 + 4;             ///< a row: the exclusion, one of the above spread over all clients

/// How many of a sweep's fits go side by side where `room` bytes are left for the label sets of all but one. As few
/// groups as there can be, of the same size: what is not needed for labels keeps more features in memory.
int64_t most_side_by_side(const Footprint& need, int64_t room, const Backend& backend) {
  const int64_t set = std::max<int64_t>(1, label_set_bytes(need, backend));
  const int64_t most = std::clamp<int64_t>(1 + std::max<int64_t>(room, 0) / set, 1, need.fits);
  const int64_t groups = (need.fits + most - 1) / most;
  return (need.fits + groups - 1) / groups;
}

/// What lets the plan keep pages as large as they are: every thread has a block of rows.
int64_t features_of_pages(const BlockPlan& blocks, int64_t least) {
  constexpr int64_t kInTurns = 3;
  return blocks.block_rows > kBlockRows ? 2 * std::min(blocks.pages, kInTurns) * blocks.page_bytes : least;
}

/// Results of all clients, and one of them spread over those that were set apart.
int64_t write_bytes(const MemoryDemand& demand, const Footprint& need) {
  const int64_t rows = std::max(need.rows, demand.input_rows);
  return rows * kPublishedBytes + rows * kSpreadBytes;
}

/// The sample as it is drawn, as it is kept, and once more for each thread's resample.
int64_t judging_bytes(const MemoryDemand& demand, const Footprint& need) {
  const int64_t rows = std::min(demand.resample_rows, need.rows);
  const int64_t features = int64_t{4} * need.d;
  return rows * (2 * features + kSampleBytes + demand.threads * (3 * features + kSampleBytes));
}

/// What a reader cannot do without but by decoding its chunks again and again: one row of them.
int64_t least_cache(const MemoryDemand& demand) {
  const int64_t chunk = demand.reading.calls_bytes / (2 * demand.threads);
  return std::min(demand.reading.row_bytes, std::max(kMostLeastCache, chunk));
}

/// More decoded chunks of `spare` bytes beyond the least: two rows of them, where threads are on both sides of an edge,
/// and what does not drive features out of memory. features: of all rows.
void enlarge_cache(const MemoryDemand& demand, int64_t spare, int64_t features, MemoryPlan& plan) {
  const int64_t wish = demand.reading.wish_bytes - plan.cache_bytes;
  if (spare <= 0 || wish <= 0) return;
  // What fitting and judging take once nothing is read any more.
  const int64_t later = std::max(plan.fitting_bytes, plan.published_bytes + plan.judging_bytes) - plan.reading_bytes;
  const int64_t free = demand.on_demand ? 0 : later;
  const int64_t beside = plan.limit.bytes - plan.base_bytes - plan.beside_features() - features;
  const int64_t rows = std::clamp<int64_t>(2 * demand.reading.row_bytes - plan.cache_bytes, 0, spare / 2);
  const int64_t few = std::max(rows, beside >= 0 ? std::min(spare / 16, beside) : spare / 16);
  const int64_t more = std::min(wish, std::clamp(free, few, std::max(few, spare / 2)));
  plan.cache_bytes += more;
  plan.reading_bytes += more;
}

/// Labels and weights.
int64_t slots_of(const Footprint& need, const Backend& backend) {
  return backend.rows_bytes(need.rows, need.d, need.weighted) - backend.page_layout(need.d).bytes(need.rows);
}

/// The minimum size's sample as it was drawn, and as doubles: on the host in either case.
int64_t size_sample_bytes(const Footprint& need) {
  return std::min(need.rows, need.size_rows) * (3 * int64_t{4} * need.d + kSampleBytes);
}

/// What passes over all rows take of the backend's memory beside features and slots.
int64_t rounds_of(const Footprint& need, const Backend& backend) {
  const bool on_gpu = backend.page_layout(need.d).buffers > 0;
  return need.rounds(backend) + (on_gpu ? 0 : size_sample_bytes(need));
}

/// The sample that starts are found on, on the host. It goes before seeding on all rows and bounds come.
int64_t start_sample_bytes(const Footprint& need, const Backend& backend) {
  const PageLayout layout = backend.page_layout(need.d);
  Footprint sample = need;
  sample.rows = std::min(need.rows, need.sample_rows);
  if (sample.rows == 0) return 0;
  const int64_t sets = layout.buffers > 0 ? 0 : (need.starts - 1) * label_set_bytes(sample, backend);
  return sample.rows * (5 * layout.group_bytes / (2 * layout.group_rows) + kSampleBytes) + sets;
}

void plan_fitting(const MemoryDemand& demand, const Footprint& need, const Backend& backend, MemoryPlan& plan) {
  const PageLayout layout = backend.page_layout(need.d);
  plan.on_gpu = layout.buffers > 0;
  if (plan.on_gpu) {
    plan.device_limit = demand.device_bytes;
    plan.device_beside = need.beside_features(backend);
    if (plan.device_beside + layout.bytes(need.rows) > plan.device_limit)
      plan.page_tables = page_table_bytes(need, backend, plan.limit.bytes);
    plan.device_beside += plan.page_tables;
  } else {
    plan.slots_bytes = slots_of(need, backend);
  }
  if (!demand.clustered) return;
  const int64_t rounds = plan.on_gpu ? size_sample_bytes(need) : rounds_of(need, backend);
  plan.fitting_bytes = std::max(start_sample_bytes(need, backend), rounds);
}

/// What is left of the backend's memory, and of the host's, for features.
void share_features(const MemoryDemand& demand, const Footprint& need, const Backend& backend, MemoryPlan& plan) {
  const int64_t host = std::max<int64_t>(1, plan.limit.bytes - plan.base_bytes - plan.beside_features());
  plan.features_limit = plan.on_gpu ? std::max<int64_t>(1, plan.device_limit - plan.device_beside) : host;
  // Rows that are made from the input when they are asked for: on as few pages as there can be.
  plan.pages_limit = demand.on_demand ? 1 : host;
  // Fits side by side would each need bounds of their own, and weighted rows have none.
  plan.compressed_k = plan.on_gpu && demand.clustered && !need.weighted && need.fits == 1 ? need.k : 0;
  plan.blocks = plan_blocks(backend, need.rows, need.d, demand.block_rows,
                            {.features_bytes = plan.features_limit,
                             .pages_bytes = plan.pages_limit,
                             .compressed_k = plan.compressed_k,
                             .scratch = {}},
                            static_cast<int>(demand.threads));
}

/// Puts as many fits of a sweep over streamed rows side by side as there is room for the labels of.
void plan_sweep(const MemoryDemand& demand, const Footprint& need, const Backend& backend, int64_t least,
                MemoryPlan& plan) {
  const int64_t slots = slots_of(need, backend), rounds = rounds_of(need, backend);
  const int64_t pages = std::min(features_of_pages(plan.blocks, least), plan.features_limit);
  const int64_t room = plan.on_gpu ? plan.device_limit - plan.page_tables : plan.limit.bytes - plan.base_bytes;
  plan.side_by_side = most_side_by_side(need, room - slots - rounds - pages, backend);
  const int64_t fitting = rounds + (plan.side_by_side - 1) * label_set_bytes(need, backend);
  if (plan.on_gpu)
    plan.device_beside = std::max(plan.device_beside, slots + fitting + plan.page_tables);
  else
    plan.fitting_bytes = std::max(plan.fitting_bytes, fitting);
  share_features(demand, need, backend, plan);
}

/// Fits of a sweep over rows that a GPU holds share reads of them, as many as half of what is left has room for the
/// labels of. Weighted rows are read fit by fit.
void plan_shared_reads(const Footprint& need, const Backend& backend, MemoryPlan& plan) {
  if (need.weighted) return;
  plan.side_by_side = most_side_by_side(need, (plan.device_limit - plan.device_bytes()) / 2, backend);
  plan.device_beside += (plan.side_by_side - 1) * label_set_bytes(need, backend);
}

/// What passes over resident rows take on top, if the limit has room for it.
void plan_extra(const MemoryDemand& demand, const Footprint& need, const Backend& backend, MemoryPlan& plan) {
  if (!demand.clustered || plan.on_gpu || plan.streamed()) return;
  const int64_t extra = backend.extra_bytes(need.rows, need.d, need.k);
  const int64_t beside = plan.base_bytes + plan.slots_bytes + plan.fitting_bytes + plan.host_features();
  if (beside + extra > plan.limit.bytes) return;
  plan.extra_bytes = extra;
  plan.peak_bytes = std::max(plan.peak_bytes, beside + extra);
}

}  // namespace

MemoryLimit memory_limit(const RunSpec& spec) {
  if (spec.memory.empty()) return {memory_facts().usable_bytes() / 5 * 4, false};
  return {parse_byte_size(spec.memory).value_or(0), true};
}

int64_t features_of(const Column& column, const NormaliseSpec& spec) {
  if (column.role != ColumnRole::cluster) return 0;
  const int64_t levels = static_cast<int64_t>(column.categories.size());
  const int64_t own = column.kind == ColumnKind::category ? std::min(levels, spec.max_categories + 1) : 1;
  return own + (column.missing_indicator ? 1 : 0);
}

int64_t resample_rows(const ClusterSpec& cluster, const JudgeSpec& judge) {
  const bool drawn = cluster.k.back() > 1 && (judge.structure || judge.resamples > 0);
  return drawn ? evidence_rows(judge, cluster.k.back()) : 0;
}

MemoryPlan plan_memory(const MemoryLimit& limit, const MemoryDemand& demand, const Footprint& need,
                       const Backend& backend) {
  MemoryPlan plan;
  plan.limit = limit;
  plan.on_demand = demand.on_demand;
  plan.base_bytes = demand.base_bytes + kSlackBytes;
  plan.published_bytes = need.rows * kPublishedBytes;
  plan.cache_bytes = least_cache(demand);
  plan.reading_bytes = demand.threads * (2 * kPieceRows * demand.columns * int64_t{sizeof(double)} + kMiB) +
                       demand.reading.calls_bytes + plan.cache_bytes;
  plan_fitting(demand, need, backend, plan);
  if (demand.clustered) plan.judging_bytes = judging_bytes(demand, need);
  const int64_t least = least_features_bytes(backend, need.rows, need.d);
  const int64_t features = backend.page_layout(need.d).bytes(need.rows);
  const bool elsewhere = plan.on_gpu && plan.device_beside + features <= plan.device_limit;  // on the GPU, all of them
  plan.least_bytes = plan.base_bytes + std::max({plan.beside_features() + (elsewhere ? 0 : least),
                                                 plan.profile() + kLeastTables, write_bytes(demand, need)});
  enlarge_cache(demand, limit.bytes - plan.least_bytes, elsewhere ? 0 : features, plan);
  share_features(demand, need, backend, plan);
  const bool sweep = demand.clustered && need.fits > 1;
  if (sweep && plan.streamed()) plan_sweep(demand, need, backend, least, plan);
  if (sweep && plan.on_gpu && !plan.streamed()) plan_shared_reads(need, backend, plan);
  const int64_t room = limit.bytes - plan.base_bytes;
  // Half: what indexes the tables and the heap's own need stand beside them.
  plan.tables_bytes = std::max(kLeastTables, (room - plan.profile()) / 2);
  const int64_t beside_search = plan.slots_bytes + plan.cache_bytes;
  plan.search_bytes = std::max(plan.beside_features() - beside_search, room - beside_search - plan.host_features());
  const int64_t tables = std::min(plan.tables_bytes, 64 * kMiB);
  plan.peak_bytes = plan.base_bytes + std::max({plan.beside_features() + plan.host_features(), plan.profile() + tables,
                                                write_bytes(demand, need)});
  plan_extra(demand, need, backend, plan);
  return plan;
}

int64_t MemoryPlan::beside_features() const {
  const int64_t reading = on_demand ? published_bytes + reading_bytes : reading_bytes;
  return slots_bytes + std::max({fitting_bytes, published_bytes + judging_bytes, reading, cache_bytes + kLeastSearch});
}

int64_t MemoryPlan::profile() const {
  return published_bytes + reading_bytes;
}

MemoryShare MemoryPlan::share(const std::filesystem::path& scratch) const {
  MemoryShare share;
  share.features_bytes = streamed() ? features_limit : 0;
  share.pages_bytes = streamed() ? pages_limit : 0;
  share.compressed_k = compressed() ? compressed_k : 0;
  share.tables_bytes = tables_bytes;
  share.scratch = scratch.string();
  return share;
}

MemoryShare MemoryPlan::features_share(const std::filesystem::path& scratch) const {
  MemoryShare first = share(scratch);
  first.tables_bytes = search_bytes;
  return first;
}

void refuse_too_little(const MemoryPlan& plan, const Footprint& need) {
  if (plan.fits()) return;
  const auto size = [](int64_t bytes) { return readable_bytes(static_cast<double>(bytes)); };
  throw Error(ErrorKind::device,
              {.what = "the job needs more memory than it may take, even with its rows on the disk",
               .where = plan.limit.given ? "run.memory" : "memory of this machine",
               .expected = "at least " + size(plan.least_bytes) + " for " + readable_count(need.rows) + " rows x " +
                           std::to_string(need.d) + " features",
               .found = size(plan.limit.bytes),
               .hint = "Raise run.memory, use fewer threads (run.threads), or cluster fewer rows."});
}

std::filesystem::path scratch_folder(const Job& job) {
  if (!job.run.scratch.empty()) return absolute_folder(job.run.scratch);
  if (job.output.folder.empty()) return std::filesystem::current_path();
  return absolute_folder(job.output.folder).parent_path();
}

void warn_of_scratch(const MemoryPlan& plan, const std::filesystem::path& folder, Env& env) {
  if (plan.blocks.scratch_bytes == 0) return;
  const Place place = place_of(folder);
  if (place.in_memory())
    env.warnings.push_back("The scratch file lies in memory (" + place.path + " is " + place.file_system +
                           "), which spares none: name a folder on a disk (run.scratch).");
}

void warn_of_memory(const MemoryPlan& plan, int64_t peak_bytes, Env& env) {
  if (plan.limit.given && peak_bytes > plan.limit.bytes)
    env.warnings.push_back("The job's memory rose to " + readable_bytes(static_cast<double>(peak_bytes)) +
                           ", above run.memory (" + readable_bytes(static_cast<double>(plan.limit.bytes)) + ").");
}

std::string regime_text(const MemoryPlan& plan) {
  if (!plan.streamed()) return plan.on_gpu ? "resident on the GPU" : "resident";
  if (!plan.on_gpu) return "streamed: features in a scratch file, read once a pass";
  if (plan.compressed())
    return std::string("compressed on the GPU, features in ") +
           (plan.blocks.held() ? "the host's memory" : "a scratch file") +
           ": read where the compressed ones do not decide";
  if (plan.blocks.held()) return "streamed: features in the host's memory, copied to the GPU once a pass";
  return "streamed: features in a scratch file, read and copied to the GPU once a pass";
}

Json memory_json(const MemoryPlan& plan) {
  return {{"limit_bytes", plan.limit.bytes},
          {"limit", plan.limit.given ? "run.memory" : "four fifths of what this process can have now"},
          {"regime", regime_text(plan)},
          {"program_bytes", plan.base_bytes},
          {"features_bytes", plan.host_features()},
          {"labels_bytes", plan.slots_bytes},
          {"side_by_side", plan.side_by_side},
          {"fitting_bytes", plan.fitting_bytes},
          {"extra_bytes", plan.extra_bytes},
          {"rows_bytes", plan.published_bytes},
          {"judging_bytes", plan.judging_bytes},
          {"reading_bytes", plan.reading_bytes},
          {"chunks_bytes", plan.cache_bytes},
          {"host_bytes", plan.peak_bytes},
          {"host_bytes_at_least", plan.least_bytes},
          {"device_bytes", plan.device_bytes()},
          {"compressed_bytes", plan.blocks.compressed_bytes}};
}

Json regime_record(const MemoryPlan& plan, const PageTraffic& traffic) {
  Json record = {{"limit_bytes", plan.limit.bytes},
                 {"limit_given", plan.limit.given},
                 {"regime", plan.streamed() ? "streamed" : "resident"}};
  if (!plan.streamed()) return record;
  if (plan.on_gpu) {
    record["streamed_to"] = "GPU";
    record["device_limit_bytes"] = plan.device_limit;
    record["device_bytes"] = plan.device_bytes();
    record["compressed_bytes"] = traffic.compressed_bytes;
    record["pages_bytes"] = plan.blocks.pages_bytes;
    record["pages_pinned"] = traffic.pinned;
  }
  // Rows that are only scored are made from the input, block by block.
  record["scratch_bytes"] = traffic.bytes_written > 0 ? plan.blocks.scratch_bytes : 0;
  record["block_rows"] = plan.blocks.block_rows;
  record["resident_rows"] = plan.blocks.resident_rows;
  record["side_by_side"] = plan.side_by_side;
  record["bytes_read"] = traffic.bytes_read;
  record["bytes_written"] = traffic.bytes_written;
  record["blocks_read"] = traffic.blocks_read;
  record["blocks_skipped"] = traffic.blocks_skipped;
  return record;
}

}  // namespace clientele
