// How much memory a job may take, what it takes it for, and whether its rows stay in memory or are streamed: from a
// scratch file, or to a GPU with less memory than the host's.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "clientele/base/json.h"
#include "clientele/data/read_cache.h"
#include "clientele/data/schema.h"
#include "clientele/env/env.h"
#include "clientele/prep/normalise.h"
#include "footprint.h"
#include "job.h"

namespace clientele {

/// What a job may take: run.memory, or four fifths of what this process can have now.
struct MemoryLimit {
  int64_t bytes = 0;
  bool given = false;
};
MemoryLimit memory_limit(const RunSpec& spec);

/// Features that a column comes to, as far as its declaration says.
int64_t features_of(const Column& column, const NormaliseSpec& spec);

/// Rows of the sample that segments are fitted to anew; 0 where none are.
int64_t resample_rows(const ClusterSpec& cluster, const JudgeSpec& judge);

/// Of the limit, for decoded chunks while the input is opened, before memory is planned.
constexpr int64_t kShareOfOpening = 8;

/// What is asked of memory, besides the Footprint.
struct MemoryDemand {
  int64_t base_bytes = 0;  ///< held already: program, ids, what cleaning keeps
  int64_t columns = 0;     ///< of the source, that are read
  int64_t threads = 1;
  int64_t block_rows = 0;         ///< run.block_rows
  int64_t device_bytes = 0;       ///< of a GPU's memory, what the job may take
  bool clustered = true;          ///< false: rows are scored only
  bool on_demand = false;         ///< features are made from the input whenever they are asked for, and kept nowhere
  int64_t input_rows = 0;         ///< that results are written of, clients that cleaning sets apart among them
  int64_t resample_rows = 0;      ///< of the sample that segments are fitted to anew; 0: none are
  ReadCache::Needs reading = {};  ///< of the input's readers
};

/// Peak memory of each stage is what stands in the comments; the largest counts.
struct MemoryPlan {
  MemoryLimit limit;
  bool on_demand = false;  ///< rows are read while they are scored
  int64_t base_bytes = 0;
  int64_t slots_bytes = 0;      ///< labels, weights
  int64_t side_by_side = 1;     ///< fits of a sweep that share reads of rows: streamed ones, or in a GPU's memory
  int64_t fitting_bytes = 0;    ///< on top of slots: seeding, bounds, labels of the other fits side by side
  int64_t published_bytes = 0;  ///< label, second, distance, margin; then the same for the file
  int64_t judging_bytes = 0;    ///< on top of published: a sample, and a copy for each resample under way
  int64_t reading_bytes = 0;    ///< pieces of the input under way, decoded chunks
  int64_t cache_bytes = 0;      ///< of these, decoded chunks that are kept
  int64_t tables_bytes = 0;     ///< at most, for exact quantiles
  int64_t search_bytes = 0;     ///< the same while the features are in memory
  bool on_gpu = false;          ///< which then holds features, slots and what fitting needs
  int64_t device_limit = 0;     ///< of a GPU's memory
  int64_t device_beside = 0;    ///< of these, slots and what fitting needs, and the page tables
  int64_t page_tables = 0;      ///< of features that do not fit there
  int64_t features_limit = 0;   ///< what is left for features
  int64_t pages_limit = 0;      ///< of the host's memory, for pages of features that do not fit on the GPU
  int compressed_k = 0;         ///< the segments that compressed copies on the GPU would serve; 0: none are kept
  BlockPlan blocks;
  int64_t extra_bytes = 0;  ///< more, where there is room, for lists that make passes faster (Backend::extra_bytes)
  int64_t peak_bytes = 0;
  int64_t least_bytes = 0;  ///< the smallest limit that does

  int64_t beside_features() const;  ///< while there are features
  int64_t profile() const;          ///< without features and slots, but for tables
  bool streamed() const { return blocks.pages > 0; }
  /// Streamed, but for what compressed copies on the GPU decide.
  bool compressed() const { return blocks.compressed_bytes > 0; }
  /// Of the host's memory.
  int64_t host_features() const { return on_gpu ? blocks.pages_bytes : blocks.features_bytes; }
  int64_t device_bytes() const { return on_gpu ? device_beside + blocks.features_bytes : 0; }
  bool fits() const { return least_bytes <= limit.bytes; }
  MemoryShare share(const std::filesystem::path& scratch) const;
  /// The same until the features are made.
  MemoryShare features_share(const std::filesystem::path& scratch) const;
};
MemoryPlan plan_memory(const MemoryLimit& limit, const MemoryDemand& demand, const Footprint& need,
                       const Backend& backend);

/// Error{device} when even streaming takes more than the limit.
void refuse_too_little(const MemoryPlan& plan, const Footprint& need);

/// run.scratch, or where the output folder will be.
std::filesystem::path scratch_folder(const Job& job);

/// "resident on the GPU", "compressed on the GPU, ...", "streamed: features in ...".
std::string regime_text(const MemoryPlan& plan);
/// {"limit_bytes", "limit", "regime", ...: bytes by purpose, "fits"}
Json memory_json(const MemoryPlan& plan);
/// Warns of a scratch file that would itself lie in memory.
void warn_of_scratch(const MemoryPlan& plan, const std::filesystem::path& folder, Env& env);
/// Warns of a peak above a limit that somebody gave.
void warn_of_memory(const MemoryPlan& plan, int64_t peak_bytes, Env& env);

/// For run.json: the regime, its scratch file and what was moved.
Json regime_record(const MemoryPlan& plan, const PageTraffic& traffic);

}  // namespace clientele
