// What a SIMD level implements: loops over tiles of 16 rows (cpu_rows.h), on the calling thread, in memory that the
// caller provides. Every level gives the same bytes; `scalar` is the plain reading of formulas.h. Each family has one
// implementation in plain C++ and one in Highway, compiled once for each instruction set.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "clientele/base/canonical.h"
#include "clientele/base/fixed_point.h"
#include "clientele/base/random.h"
#include "clientele/base/transform.h"
#include "clientele/base/views.h"
#include "clientele/compute/backends.h"
#include "screen.h"

namespace clientele {

struct TileLengths;

/// `count` whole tiles of d coordinates, contiguous; the first `rows` rows are valid (rows > 16 * (count - 1)).
struct Tiles {
  const float* data = nullptr;
  int64_t count = 0;
  int64_t rows = 0;
  int d = 0;
};

/// Sums of one worker during one pass: exact integers, so it does not matter which worker meets which row.
struct PassSums {
  PassSums(int k, int d, bool weighted);
  /// Moves the plain sums into `wide`; needed before any of them has met 2^22 rows.
  void flush();

  int d;
  std::vector<int64_t> plain;   ///< k x d sums of q of unweighted rows since the last flush
  std::vector<WideSum> wide;    ///< k x d
  std::vector<int64_t> counts;  ///< k
  std::vector<int64_t> rows;    ///< k
  int64_t pending = 0;          ///< rows in `plain`
  int64_t moved = 0;
  int64_t scanned = 0;
  int64_t rechecked = 0;
  int64_t distances = 0;  ///< of rows to centroids, in bounded passes
};

/// Centroids are watched in groups, fast ones apart: those that moved most when the rows were put in order come first.
inline constexpr int kDriftGroups = 6;

/// How far centroids have moved since the rows were put in order, in float32, rounded both ways. See bounds.h.
struct DriftView {
  const float* own_up;  ///< k
  const float* own_down;
  float any_up, any_down;                                  ///< at least any centroid's
  float group_up[kDriftGroups], group_down[kDriftGroups];  ///< at least any member's
  int groups;
  int begin[kDriftGroups + 1];  ///< group g is members[begin[g]] to members[begin[g + 1] - 1]
  const int32_t* members;       ///< k
  const uint8_t* group_of;      ///< k
};

/// No centroid of group g is nearest to a row of the tile, unless it is its label, while own() + the group's drift is
/// below expiry[g]. labels: those of the tile's rows, -1 where it has fewer; both -1 where it has more.
struct TileBound {
  float expiry[kDriftGroups];
  int32_t labels[2];

  /// How far the rows' own centroids have moved at most (up) or at least (down).
  float own(const float* of, float any) const {
    if (labels[0] < 0) return any;
    return labels[1] < 0 ? of[labels[0]] : of[labels[0]] + of[labels[1]];
  }
};

/// Makes up for a few roundings of positive float32 numbers.
inline constexpr float kLess = 1 - 0x1p-20f;
inline constexpr float kMore = 1 + 0x1p-20f;

/// A worker's view of the bounds of some tiles.
struct BoundsView {
  TileBound* tiles;
  DriftView drift;

  /// Bit g: the tile's bound against group g has expired.
  uint32_t expired(int64_t tile) const {
    const TileBound& bound = tiles[tile];
    const float own = bound.own(drift.own_up, drift.any_up);
    uint32_t bits = 0;
    for (int g = 0; g < drift.groups; ++g) bits |= (own + drift.group_up[g]) * kMore < bound.expiry[g] ? 0u : 1u << g;
    return bits;
  }
};

/// The head of a tile's list of centroids that could become nearest to its rows. See candidates.h.
struct TileCandidates {
  static constexpr int kLabels = 4, kGroups = 4;
  static constexpr uint16_t kNone = 0xFFFF;
  /// Ids in lists: the centroid, and the group that it is in.
  static constexpr int kCentroidBits = 13;
  static constexpr uint16_t kCentroidMask = (1 << kCentroidBits) - 1;
  uint16_t anchors[16];      ///< the rows' labels when the list was made
  uint16_t labels[kLabels];  ///< those they have now; the first kNone where there are more, the rest kNone
  uint16_t count;            ///< 0: the tile has no list
  uint16_t round;            ///< when the tile was last looked at
  uint16_t seen;             ///< so many extras are members of the list
  float least[kGroups];      ///< of the slacks of its members in each group of centroids
};

/// A worker's view of the lists of some tiles, and of movements since the lists were made. No row of a tile is nearer
/// to member ids[i], unless it is its label, than to its label while the two have moved less than slacks[i] since the
/// tile's round; nor to a centroid that is no member while neither it nor an anchor has gone farther than allowed.
struct CandidatesView {
  TileCandidates* tiles;
  uint16_t* ids;  ///< `most` a tile, each with its group above the low kCentroidBits
  float* slacks;  ///< `most` a tile
  int most;
  int k;
  int round;                 ///< that of this pass
  const float* moved;        ///< rounds x k: how far each centroid has moved at most since that round
  const float* group_moved;  ///< rounds x kGroups: the same, of any centroid of a group
  const uint8_t* group_of;   ///< k: centroids that move much come first
  const float* allowed;      ///< k: how far each may go
  const uint16_t* extras;    ///< those that have gone farther
  int extra_count;
};

class AssignKernels {
 public:
  virtual ~AssignKernels() = default;
  /// Canonical labels of the tiles; rows that moved go from their old segment's sums to the new one's. labels, weights:
  /// slots of the first tile (weights may be null). A slot of -1 is only added. lengths: slots of the first tile too.
  virtual void assign(const Screen& screen, const Tiles& tiles, std::span<const double> scales, int32_t* labels,
                      const int64_t* weights, const TileLengths& lengths, PassSums& sums) const = 0;
  /// The same, and the slack of each row in its slot of `slacks`: a lower bound of (distance to any other centroid -
  /// distance to its own), 0 where none is certain.
  virtual void assign_with_slacks(const Screen& screen, const Tiles& tiles, std::span<const double> scales,
                                  int32_t* labels, const int64_t* weights, float* slacks, PassSums& sums) const = 0;
  /// The same for tiles whose bounds have expired, against the groups that they expired for; renews those. The labels
  /// of the other tiles (>= 0, of the pass before) stay.
  virtual void assign_expired(const Screen& screen, const Tiles& tiles, std::span<const double> scales, int32_t* labels,
                              const int64_t* weights, const BoundsView& bounds, PassSums& sums) const = 0;
  /// As assign(); makes the list of each tile. Returns how many tiles have none.
  virtual int64_t assign_and_list(const Screen& screen, const Tiles& tiles, std::span<const double> scales,
                                  int32_t* labels, const int64_t* weights, const CandidatesView& lists,
                                  PassSums& sums) const = 0;
  /// As assign(), of tiles in which some row may leave its segment, against what their lists say; renews those.
  virtual void assign_listed(const Screen& screen, const Tiles& tiles, std::span<const double> scales, int32_t* labels,
                             const int64_t* weights, const CandidatesView& lists, PassSums& sums) const = 0;
  /// The two centroids with the smallest (D, index) of each valid row, in any order; some valid index in the padding. k
  /// >= 2.
  virtual void nearest_two(const Screen& screen, const Tiles& tiles, int32_t* first, int32_t* second) const = 0;
};

class DistanceKernels {
 public:
  virtual ~DistanceKernels() = default;
  /// out[c * out_stride + row] = canonical D(row, points + c * d) for c < count, over all slots of the tiles.
  virtual void d2_to_points(const Tiles& tiles, const float* points, int count, double* out,
                            int64_t out_stride) const = 0;
  /// out[row] = canonical D(row, centroids + label[row] * d), over all slots of the tiles; labels must be valid in all
  /// slots.
  virtual void d2_to_own(const Tiles& tiles, const float* centroids, const int32_t* labels, double* out) const = 0;
  /// norm2[row] = |x|^2 and dots[c * out_stride + row] = x . means_c (k x d), double fma chains over j ascending, all
  /// slots.
  virtual void dots(const Tiles& tiles, const double* means, int k, double* norm2, double* dots,
                    int64_t out_stride) const = 0;
  /// root[i] = sqrt(first_d2[i]); margin[i] = margin_of(first_d2[i], second_d2[i]). count: a multiple of 16.
  virtual void margins(const double* first_d2, const double* second_d2, int64_t count, double* root,
                       double* margin) const = 0;
};

/// Lanes of one column's moments over one 65,536-row block.
class ColumnKernels {
 public:
  virtual ~ColumnKernels() = default;
  /// Adds whole groups of 64 values that begin at lane 0 and are all finite: p, q, min and max of `lanes` (whose shift
  /// is set); counts are the caller's. Stops before the first group that holds a value that is not finite. Returns the
  /// number of values taken.
  virtual int64_t add_moments(std::span<const double> values, MomentLanes& lanes) const = 0;
  /// Tiles of one block from its row 0 on; whole groups of 4 tiles only: adds coordinate j's 64 values per group to
  /// lanes[j] as above.
  virtual void add_row_moments(const Tiles& tiles, std::span<MomentLanes> lanes) const = 0;

  struct TransformTally {
    int64_t flushed = 0;
    bool all_finite = true;
  };
  /// to_feature(transform_value(f, ., x)) of a number feature without curve: 16 values a tile to out + t * out_stride.
  virtual TransformTally transform_number(const FeatureTransform& f, const double* values, int64_t tiles, float* out,
                                          int64_t out_stride) const = 0;

  virtual void centre(float* tiles, int64_t count, std::span<const double> means) const = 0;
  /// largest[j] = max(largest[j], |x_j|).
  virtual void max_abs(const Tiles& tiles, std::span<float> largest) const = 0;
  /// sums[j] += q_j^2 over valid rows (unweighted). At most 2^20 rows a call.
  virtual void square_sums(const Tiles& tiles, std::span<const double> scales, std::span<Int128> sums) const = 0;
};

class RandomKernels {
 public:
  virtual ~RandomKernels() = default;
  /// out[i] = random_bits(key, first_row + i). count: a multiple of 16.
  virtual void bits(const RandomKey& key, int64_t first_row, int64_t count, uint64_t* out) const = 0;
};

struct Kernels {
  const AssignKernels& assign;
  const DistanceKernels& distance;
  const ColumnKernels& column;
  const RandomKernels& random;
};

/// What `automatic` means here: the best level, or `automatic` itself on a machine other than x86 whose compiler target
/// has vectors. Throws Error{usage} if the processor lacks the level.
SimdLevel resolve(SimdLevel level);
/// The kernels of a resolved level.
Kernels kernels(SimdLevel level);

/// The Highway implementation of one family at a level; null where this build has none. automatic: the best of the
/// compiler's own target, for machines other than x86.
const AssignKernels* simd_assign_kernels(SimdLevel level);
const DistanceKernels* simd_distance_kernels(SimdLevel level);
const ColumnKernels* simd_column_kernels(SimdLevel level);
const RandomKernels* simd_random_kernels(SimdLevel level);
const AssignKernels& scalar_assign_kernels();
const DistanceKernels& scalar_distance_kernels();
const ColumnKernels& scalar_column_kernels();
const RandomKernels& scalar_random_kernels();

}  // namespace clientele
