// Assignment passes that read a row once: screened, certified and added to the sums of its new segment from shared
// memory, with its bounds renewed; rows that the screen could not certify are listed and labelled canonically
// afterwards. Unweighted rows, and models whose centroids and sums fit the card's shared memory.
#pragma once

#include <optional>

#include "expiry.h"
#include "moved_sums.h"
#include "pass_memory.h"
#include "rows.h"
#include "screen.h"

namespace clientele::gpu {

/// What the kernels of one pass over one block of rows see. Device memory.
struct PassView {
  RowsView rows;  ///< `next` lists the rows that remain uncertain
  CentroidsOnDevice centroids;
  const double* scales;  ///< d
  DriftOnDevice drift;   ///< null pointers where no bounds are kept
  SumsView sums;
  const Word* ended;  ///< not 0: there is nothing left to do; null: there is
  Word* listed;       ///< how many rows `next` lists
};

/// What one pass labels to and adds to. Device memory; see PassView.
struct PassModel {
  CentroidsOnDevice centroids;
  const double* scales;
  DriftOnDevice drift;
  SumsView sums;
  const Word* ended = nullptr;
};

class FusedPass {
 public:
  /// `device` must outlive the pass.
  FusedPass(const Device& device, int k, int d);

  /// Whether there is room for such a model.
  static bool takes(const Device& device, int k, int d);
  /// Whether these rows can be passed over this way.
  bool takes(const CudaRows& rows) const;
  /// Makes or renews, from the block's compressed copy, the bounds of rows that certainly keep their label; those of
  /// the others have expired. model: with a drift.
  void renew_bounds(CudaRows& rows, const PassModel& model) const;
  enum class Looked { at_all_rows, at_expired_rows };
  /// Labels every row and adds those that moved. With a drift bounds are kept: rows that have them are looked at, and
  /// counted as scanned, only where they have expired; others get them.
  Looked label(CudaRows& rows, const PassModel& model) const;

 private:
  /// Launches a pass over `units` pieces of work, one a warp at a time, and labels what it listed.
  void run(const char* doing, void (*kernel)(PassView), const PassView& view, int warps, int64_t tile_bytes,
           int64_t units) const;
  const Device& device_;
  int k_, d_;
  std::optional<FusedShape> shape_;
  int bounded_warps_;
  Buffer<Word> listed_;
};

}  // namespace clientele::gpu
