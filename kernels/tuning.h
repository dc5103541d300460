// Launch shapes and batch sizes of the CUDA kernels. NONE OF THESE NUMBERS IS MEASURED YET: they are chosen to be safe
// on every card from sm_80 on (48 KiB of shared memory a block without opting in, 2,048 threads a multiprocessor). A
// measured value replaces its line with chip, shape, gain and date beside it.
#pragma once

#include <cstdint>

namespace clientele::gpu {

inline constexpr int kRowThreads = 256;             ///< kernels with one thread a row
inline constexpr int kBlocksPerMultiprocessor = 8;  ///< grid of grid-stride kernels
/// grid.y of kernels that stride over features or segments in y: below CUDA's 65,535, and with grid.x as above enough
/// to fill any device.
inline constexpr int64_t kGridY = 1024;
inline constexpr int kScreenGroup = 8;  ///< centroids screened together: one read of x_j feeds this many products
inline constexpr int kSharedBytes =
    40 * 1024;  ///< dynamic shared memory a kernel may ask for; above it, the same code works in global memory
inline constexpr int kSumThreads = 512;  ///< delta sums: 16 warps share one table in shared memory
inline constexpr int64_t kPlainSumRows =
    int64_t{1} << 22;  ///< rows one block may add into a plain int64 (exactness.md 3); not a tuning choice
/// Passes with per-row scratch take this many global blocks (65,536 rows, summed canonically by one CUDA block each) a
/// multiprocessor at once.
inline constexpr int64_t kBatchBlocksPerMultiprocessor = 1;
inline constexpr int64_t kLaneBytes = int64_t{512} << 20;  ///< lanes of canonical sums in global memory, at most
inline constexpr int64_t kCopyBytes = int64_t{32} << 20;   ///< piece of a copy through scratch memory

}  // namespace clientele::gpu
