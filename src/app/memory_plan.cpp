#include "memory_plan.h"

#include <algorithm>

#include "byte_size.h"
#include "clientele/base/errors.h"
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
constexpr int64_t kSampleOfSegment = 200;           ///< rows of a sample for each segment, at least
constexpr int64_t kSampleBytes = 64;                ///< a sample row, besides its features: keys, labels, draws
constexpr int64_t kPublishedBytes = 4 + 4 + 4 + 4;  ///< a row: label, second, distance, margin
constexpr int64_t kSpreadBytes = 1 + 4;             ///< a row: the exclusion, one of the above spread over all clients

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

int64_t start_sample_rows(const ClusterSpec& spec) {
  const bool sampled = !spec.given_start() && spec.init != "kmeans++_full";
  return !sampled ? 0 : std::max(spec.start_rows, kSampleOfSegment * spec.k.back());
}

MemoryPlan plan_memory(const MemoryLimit& limit, const MemoryDemand& demand, const Footprint& need,
                       const Backend& backend) {
  MemoryPlan plan;
  plan.limit = limit;
  plan.base_bytes = demand.base_bytes + kSlackBytes;
  plan.published_bytes = need.rows * kPublishedBytes;
  plan.reading_bytes = demand.threads * (2 * kPieceRows * demand.columns * int64_t{sizeof(double)} + kMiB);
  const PageLayout layout = backend.page_layout(need.d);
  if (layout.group_rows == 0) {
    plan.device_bytes = need.bytes(backend);
  } else {
    plan.slots_bytes = backend.rows_bytes(need.rows, need.d, need.weighted) - layout.bytes(need.rows);
    // The sample goes before seeding on all rows and bounds come.
    const int64_t sample =
        std::min(need.rows, need.sample_rows) * (5 * layout.group_bytes / (2 * layout.group_rows) + kSampleBytes);
    const int64_t rounds =
        (need.seeded ? backend.seeding_bytes(need.rows) : 0) + backend.scratch_bytes(need.rows, need.d, need.k);
    plan.fitting_bytes = demand.clustered ? std::max(sample, rounds) : 0;
  }
  const int64_t beside_features =
      plan.slots_bytes + std::max({plan.fitting_bytes, plan.published_bytes, plan.reading_bytes});
  const int64_t profile = plan.published_bytes + plan.reading_bytes;
  const int64_t write = plan.published_bytes + need.rows * kSpreadBytes;
  const int64_t room = limit.bytes - plan.base_bytes;
  plan.features_limit = std::max<int64_t>(1, room - beside_features);
  plan.blocks =
      plan_blocks(backend, need.rows, need.d, demand.block_rows, plan.features_limit, static_cast<int>(demand.threads));
  // Half: what indexes the tables and the heap's own need stand beside them.
  plan.tables_bytes = std::max(kLeastTables, (room - profile) / 2);
  const int64_t features = plan.blocks.features_bytes;
  const int64_t tables = std::min(plan.tables_bytes, 64 * kMiB);
  plan.peak_bytes = plan.base_bytes + std::max({beside_features + features, profile + tables, write});
  plan.least_bytes = plan.base_bytes + std::max({beside_features + least_features_bytes(backend, need.rows, need.d),
                                                 profile + kLeastTables, write});
  return plan;
}

MemoryShare MemoryPlan::share(const std::filesystem::path& scratch) const {
  MemoryShare share;
  share.features_bytes = streamed() ? features_limit : 0;
  share.tables_bytes = tables_bytes;
  share.scratch = scratch.string();
  return share;
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

Json memory_json(const MemoryPlan& plan) {
  return {{"limit_bytes", plan.limit.bytes},
          {"limit", plan.limit.given ? "run.memory" : "four fifths of what this process can have now"},
          {"regime", plan.streamed() ? "streamed: features in a scratch file, read once a pass" : "resident"},
          {"program_bytes", plan.base_bytes},
          {"features_bytes", plan.blocks.features_bytes},
          {"labels_bytes", plan.slots_bytes},
          {"fitting_bytes", plan.fitting_bytes},
          {"rows_bytes", plan.published_bytes},
          {"reading_bytes", plan.reading_bytes},
          {"host_bytes", plan.peak_bytes},
          {"host_bytes_at_least", plan.least_bytes},
          {"device_bytes", plan.device_bytes}};
}

Json regime_record(const MemoryPlan& plan, const PageTraffic& traffic) {
  Json record = {{"limit_bytes", plan.limit.bytes},
                 {"limit_given", plan.limit.given},
                 {"regime", plan.streamed() ? "streamed" : "resident"}};
  if (!plan.streamed()) return record;
  // Rows that are only scored are made from the input, block by block.
  record["scratch_bytes"] = traffic.bytes_written > 0 ? plan.blocks.scratch_bytes : 0;
  record["block_rows"] = plan.blocks.block_rows;
  record["resident_rows"] = plan.blocks.resident_rows;
  record["bytes_read"] = traffic.bytes_read;
  record["bytes_written"] = traffic.bytes_written;
  record["blocks_read"] = traffic.blocks_read;
  record["blocks_skipped"] = traffic.blocks_skipped;
  return record;
}

}  // namespace clientele
