// The normalised n x d float32 features of this rank, as a sequence of backend blocks in ascending row order.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "clientele/base/fixed_point.h"
#include "clientele/compute/backend.h"
#include "clientele/env/env.h"

namespace clientele {

class RowPages;

/// What a pass does with the features of the rows.
enum class Features {
  read,
  change,  ///< reads them and leaves others behind
  fill,    ///< leaves features behind without having looked at them
  unused,  ///< the pass works on labels, weights and the like alone
};

/// What passes over rows larger than memory have moved to and from the disk, or pages in the host's memory.
struct PageTraffic {
  int64_t bytes_read = 0, bytes_written = 0;
  int64_t blocks_read = 0;       ///< wholly or in parts
  int64_t blocks_skipped = 0;    ///< whose features a pass had no need of
  bool pinned = false;           ///< the backend fixed all pages in place (Backend::pin)
  int64_t compressed_bytes = 0;  ///< of copies that the backend keeps; 0 where it had no room for what was planned
};

struct RowBlocks {
  int64_t total_rows = 0;  ///< over all ranks
  int64_t first_row = 0;   ///< of this rank
  int64_t rows = 0;        ///< of this rank
  int d = 0;
  bool weighted = false;
  int weight_bits = 0;            ///< p: m = llrint(w 2^p)
  double unit_weight = 1;         ///< m of one client where clients are counted one by one (see unit_of)
  int64_t weightless = 0;         ///< rows with m = 0, over all ranks
  int64_t weight_sum = 0;         ///< of m over all ranks, in weighted jobs
  std::vector<double> scales;     ///< d fixed-point scales, the same on all ranks
  std::vector<double> variances;  ///< d: variance (ddof 0) of each feature over all ranks, unweighted
  std::vector<double> means;      ///< d: what was subtracted (FeatureSpace::means)
  std::vector<std::unique_ptr<RowBlock>> blocks;
  /// Features of blocks that are in memory in turns (shared with nobody; null: all features stay in memory).
  std::shared_ptr<RowPages> pages;

  /// body on every block in ascending order, its features in memory as the pass uses them; the next blocks' are
  /// fetched meanwhile. Features of `blocks` may be looked at in no other way.
  void each(const std::function<void(RowBlock&)>& body, Features use = Features::read);
  void each(const std::function<void(const RowBlock&)>& body, Features use = Features::read) const;

  /// Appends the rows of a block whose features the body will read, in any order; none is no features at all. Asked of
  /// every block before the first body; may change the block's slots.
  using WantedRows = std::function<void(RowBlock&, std::vector<LocalRows>&)>;
  void each(const std::function<void(RowBlock&)>& body, const WantedRows& wanted);
  void each(const std::function<void(const RowBlock&)>& body, const WantedRows& wanted) const;

  /// As each, to read, until the body returns true.
  void each_until(const std::function<bool(const RowBlock&)>& body) const;

  /// Sum of m, 1 a row in unweighted jobs, over all ranks.
  int64_t total_weight() const { return weighted ? weight_sum : total_rows; }

  PageTraffic traffic() const;
  /// Features and slots go; what is known of the rows as a whole stays.
  void release_rows();
};

/// A row of weight w stands for w clients, so one client is m = 2^p. Weights with a mean (of those above 0) below 1 are
/// shares rather than clients: then the mean row is one. It matters where a client more or less does: in n - k, in n -
/// 1, in ranks. total: sum of m over `rows` rows with m > 0.
double unit_of(int weight_bits, int64_t total, int64_t rows);

/// How the features of a job share the backend's memory, the host's, where that is another, and disk.
struct BlockPlan {
  int64_t block_rows = 0;     ///< of each block but the last
  int64_t resident_rows = 0;  ///< whose features stay in the backend's memory
  int64_t pages = 0;          ///< of block_rows rows each, for the others; 0: all stay in the backend's memory
  int64_t page_bytes = 0;
  int64_t scratch_bytes = 0;  ///< of the scratch file; 0: each block that does not stay has a page of its own

  int64_t features_bytes = 0;    ///< of the backend's memory: what stays, and pages or what they are copied to
  int64_t compressed_bytes = 0;  ///< of these, copies of the rows on pages; 0: there are none
  int64_t pages_bytes = 0;       ///< of the host's, where pages are copied

  /// Streamed from pages that hold everything.
  bool held() const { return pages > 0 && scratch_bytes == 0; }
};
/// The plan for `rows` rows of one rank under what `share` leaves for features and pages. block_rows: as
/// Env::block_rows. Too little for least_features_bytes is passed over by that plan. Backends without pages: all rows
/// stay in memory.
BlockPlan plan_blocks(const Backend& backend, int64_t rows, int d, int64_t block_rows, const MemoryShare& share,
                      int threads);
/// Makes the empty blocks of `rows`, whose first_row, rows, d and weighted are set, as env.block_rows and env.memory
/// say. Throws Error{device} when memory, Error{files} when the scratch folder lacks room.
void make_blocks(RowBlocks& rows, Env& env);
/// Of the backend's memory, and of the host's where pages are copied: below this no streamed plan goes; 0 for backends
/// without pages.
int64_t least_features_bytes(const Backend& backend, int64_t rows, int d);

}  // namespace clientele
