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
  Word* listed;  ///< how many rows `next` lists
};

class FusedPass {
 public:
  /// `device` must outlive the pass.
  FusedPass(const Device& device, int k, int d);

  /// Whether these rows can be passed over this way.
  bool takes(const CudaRows& rows) const;
  /// Labels every row and adds those that moved. drift: null, or the rows' bounds are renewed (rows.make_bounds()).
  void label_all(CudaRows& rows, const ScreenedCentroids& centroids, const MovedSums& sums,
                 const DriftOnDevice* drift) const;
  /// The same result from rows that have bounds: looks only at rows whose bounds have expired, and counts them.
  void label_expired(CudaRows& rows, const ScreenedCentroids& centroids, const MovedSums& sums,
                     const DriftOnDevice& drift) const;

 private:
  /// Launches a pass over `units` pieces of work, one a warp at a time, and labels what it listed.
  void run(const char* doing, void (*kernel)(PassView), const PassView& view, int warps, int64_t tile_bytes,
           int64_t units) const;
  PassView view(const CudaRows& rows, const ScreenedCentroids& centroids, const MovedSums& sums,
                const DriftOnDevice* drift) const;
  const Device& device_;
  int k_, d_;
  std::optional<FusedShape> shape_;
  int bounded_warps_;
  Buffer<Word> listed_;
};

}  // namespace clientele::gpu
