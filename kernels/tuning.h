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
/// The fused pass: shapes of a block, the first that fits the card's shared memory. Not measured: several rows a lane
/// spare reads of centroids, three stages of rows in flight hide the latency of memory.
struct FusedShape {
  int warps;   ///< a block
  int tiles;   ///< of 32 rows that a warp screens side by side: rows a lane
  int stages;  ///< of rows on their way into shared memory, the one that is worked on included
};
inline constexpr FusedShape kFusedShapes[] = {{8, 2, 3}, {8, 2, 2}, {8, 1, 2}, {4, 1, 2}, {2, 1, 2}};
/// The pass of several models: shapes of a block, the first that leaves room for the segments that a batch should have.
/// Not measured: from about 33 segments on an H100 needs longer for the arithmetic than for the read, so that batches
/// of twice that many lose little to another read, and more warps a block are worth more than fewer batches.
inline constexpr FusedShape kTogetherShapes[] = {{8, 2, 2}, {8, 1, 2}, {4, 1, 2}};
inline constexpr int kTogetherSegments = 64;
inline constexpr int kMostTogether = 24;  ///< models of a batch: what a kernel's parameters hold
/// A model of which fewer rows than this moved leaves the others for bounded passes of its own. Not measured: rows are
/// read in sectors of 8, so that 1 % of active rows cost a tenth of a read, as much as a third of a read's arithmetic
/// that a model of 10 segments costs among others.
inline constexpr double kMovingTogether = 0.01;
inline constexpr int64_t kStaticSharedBytes = 4096;  ///< kept free beside dynamic shared memory; not a tuning choice
inline constexpr int kFusedThreads = 256;            ///< at most, of a block of the fused or the bounded pass
inline constexpr int kFusedBlocks = 2;    ///< that a multiprocessor's registers must have room for: 128 a thread
inline constexpr int kBoundedBlocks = 4;  ///< the same of the bounded pass, which waits for memory more: 64 registers
inline constexpr int kBoundedWarps[] = {8, 4, 2, 1};  ///< of a block of the bounded pass, the first that fits
/// Bounds are tried once fewer rows than this move, and given up for a while when more rows than kMostActive had to be
/// looked at. Not measured on a GPU; gpu.md 3 asks for 0.40.
inline constexpr double kMostMoving = 0.10;
inline constexpr double kMostActive = 0.40;
/// Of a page of which no more than this share is looked at, kernels read the rows where they lie in the host's memory;
/// of others the whole page is copied. Not measured: expired rows come in pieces of 8 of them, 32 bytes, which a bus
/// moves at less than half the rate of long copies.
inline constexpr double kMostInPlace = 0.25;
inline constexpr int kFirstWait = 4;  ///< full passes before bounds are tried again; doubles each time
/// Rounds of a fit that are sent off before the host waits for them: what it saves grows little beyond, and rounds
/// after an early end cost a launch each. Not measured.
inline constexpr int64_t kRoundsAtOnce = 8;
inline constexpr int kTensorThreads = 128;  ///< screen on tensor cores; not measured
/// Models of at least this many segments are screened on tensor cores. gpu.md asks for 180; NEVER (as it stands) until
/// the accumulation's error has been measured on the card (exactness.md 4): gpu_bench prints it.
inline constexpr int kTensorFrom = 0x7FFFFFFF;
inline constexpr int64_t kLaneBytes = int64_t{512} << 20;  ///< lanes of canonical sums in global memory, at most
inline constexpr int64_t kCopyBytes = int64_t{32} << 20;   ///< piece of a copy through scratch memory

}  // namespace clientele::gpu
