// Memory plus four small families of operations at block granularity (>= 10^4 rows a call). A backend knows blocks of
// rows, not k-means. Every result is defined by exactness.md down to the bit, so the CPU and the GPU backend are
// interchangeable; one body of contract tests runs over both. Backends throw Error{device} (naming the buffer) when
// memory runs out and are used from one thread at a time, but for ColumnOps, which several threads may call at once on
// different blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "clientele/base/canonical.h"
#include "clientele/base/fixed_point.h"
#include "clientele/base/random.h"
#include "clientele/base/thread_pool.h"
#include "clientele/base/transform.h"
#include "clientele/base/views.h"
#include "clientele/compute/drift.h"
#include "clientele/compute/rows.h"

namespace clientele {

// ---- column operations: statistics and transform ----

/// Statistics of all columns of ONE 65,536-row global block, fed in ascending pieces.
class MomentPass {
 public:
  virtual ~MomentPass() = default;
  /// values: columns x m, column-major double; rows [row_in_block, row_in_block + m) of the block.
  virtual void add(int64_t row_in_block, ColumnsView<const double> values) = 0;
  /// One Moments per column.
  virtual std::vector<Moments> finish() = 0;
};

class ColumnOps {
 public:
  virtual ~ColumnOps() = default;

  virtual std::unique_ptr<MomentPass> start_moments(int columns) = 0;

  /// One step of an exact quantile search over ordered 64-bit keys (quantile_key, most significant digit first): for
  /// each column c and each of its targets t, counts[(c * targets + t) * 65536 + digit] += number of present values
  /// whose key's bits above the digit equal prefix[c * targets + t] and whose 16-bit digit number `level` (0 the
  /// highest) is `digit`. Adds; does not clear. Thread-safe for different `counts`. The bits above are compared as a
  /// number, key >> (64 - 16 * level), 0 at level 0: prefix = prefix << 16 | digit from step to step. Present: neither
  /// NaN nor infinite.
  virtual void count_digits(ColumnsView<const double> values, int level, int targets, std::span<const uint64_t> prefix,
                            std::span<int64_t> counts) = 0;

  /// Applies features (positions in `values` are given by transform.source) to rows of one piece and stores the
  /// uncentred float32 features at rows [row_in_block_of_rows, + values.rows) of `out`. Thread-safe for disjoint rows.
  /// knots: FeatureSpace::knots.
  struct TransformCounts {
    int64_t non_finite = 0;  ///< features that are not finite after the transform (an error for the caller to raise)
    int64_t first_bad_row = -1;  ///< global row and feature of the lowest (row, feature) of them
    int first_bad_feature = -1;
    int64_t flushed = 0;  ///< 0 < |v| < 2^-50, made +0
  };
  virtual TransformCounts transform(ColumnsView<const double> values, std::span<const FeatureTransform> features,
                                    std::span<const double> knots, RowBlock& out, int64_t row_in_out) = 0;

  /// Canonical moments of each feature over the whole block, appended to `blocks` (one vector<Moments> per 65,536-row
  /// global block, ascending). out.first_row() must lie on a block boundary.
  virtual void row_moments(const RowBlock& rows, std::vector<std::vector<Moments>>& blocks) = 0;
  /// v = float(double(v) - mean[j]), |v| < 2^-50 made +0.
  virtual void centre(RowBlock& rows, std::span<const double> means) = 0;
  /// Scales each row to unit length (norm canonical in double over j ascending, by fma; rounded once); zero rows stay
  /// zero and are counted.
  virtual int64_t unit_rows(RowBlock& rows) = 0;
  /// max |v| of each feature.
  virtual std::vector<float> max_abs(const RowBlock& rows) = 0;
  /// As count_digits, over the features of resident rows (as doubles), one or more targets a feature.
  virtual void count_row_digits(const RowBlock& rows, int level, int targets, std::span<const uint64_t> prefix,
                                std::span<int64_t> counts) = 0;
};

/// Order-preserving key of a double (any finite value; -0 equals +0), and back.
uint64_t quantile_key(double x);
double quantile_value(uint64_t key);

// ---- assignment ----

/// Centroids of one model, engine space.
struct CentroidsView {
  const float* data = nullptr;  ///< k x d, row-major, host
  int k = 0;
  int d = 0;
};

/// What one pass over all rows yields. Sums and counts are DELTAS: a row that changed segment is added to the new and
/// subtracted from the old; a row whose label slot was -1 is only added. Starting from cleared labels they are the full
/// sums.
struct PassResult {
  std::vector<WideSum> sums;    ///< k x d
  std::vector<int64_t> counts;  ///< k; sum of m
  std::vector<int64_t> rows;    ///< k; rows (whatever their weight)
  int64_t moved = 0;            ///< rows whose label changed
  int64_t scanned = 0;          ///< rows whose distances were computed
  int64_t rechecked = 0;        ///< rows that the screen could not certify
};

class AssignPass {
 public:
  virtual ~AssignPass() = default;
  /// Appends the rows of the block whose features add() needs (ascending, disjoint), so that nobody has to read the
  /// others; may change the block's slots to find out. Asked before any add(); of a block of which no row is needed,
  /// add() needs no page either.
  virtual void rows_to_read(RowBlock& rows, std::vector<LocalRows>& wanted) { wanted.push_back({0, rows.rows()}); }
  /// Labels the rows of the block (writing its label slots) and accumulates.
  virtual void add(RowBlock& rows) = 0;
  virtual PassResult finish() = 0;
};

/// Per-row results against published centroids; each span is empty (not wanted) or rows.rows() long. Host memory.
struct PublishedRows {
  std::span<int32_t> label;
  std::span<float> distance;  ///< float(sqrt(D1))
  std::span<int32_t> second;  ///< -1 for k = 1
  std::span<float> margin;    ///< float((d2 - d1) / d2) in double from sqrt(D); d2 = 0 gives 0; k = 1 gives 1
};

/// Canonical sums over rows that the last pass yields for free. Per 65,536-row global block, ascending (see
/// CanonicalSum); m = 1 in unweighted jobs.
struct PublishSums {
  std::vector<double> margin_blocks;                 ///< sum of m * margin: the simplified silhouette
  std::vector<std::vector<double>> distance_blocks;  ///< per block: k sums of m * sqrt(D1), for Davies-Bouldin
};

/// A candidate for repairing an empty segment: the row farthest from its centroid.
struct FarRow {
  double d2 = -1;
  int64_t row = -1;
  std::vector<float> values;  ///< d
};

/// Where a run of Lloyd's loop stands: what AssignOps::rounds begins with.
struct LoopState {
  CentroidsView centroids;          ///< of the next pass
  std::span<const double> scales;   ///< d
  std::span<const WideSum> sums;    ///< k x d, of the labels that the slots hold; 0 where they are cleared
  std::span<const int64_t> counts;  ///< k, the same
  const Drift* drift = nullptr;     ///< as AssignOps::start takes it
};

/// One model of AssignOps::rounds_together.
struct ModelRounds {
  LoopState state;   ///< where `most` is 1, nothing depends on the values of its sums and counts
  int set = 0;       ///< of the label slots that are its own (AssignOps::use_labels)
  int64_t most = 1;  ///< passes, at most
};

class AssignOps {
 public:
  virtual ~AssignOps() = default;

  /// scales: d fixed-point scales (2^(40 - e)). drift: of the fit that this pass belongs to, up to `centroids`; the
  /// backend may then skip rows that provably keep their label. Null: every row's label is found anew. The results are
  /// the same but for `scanned` and `rechecked`.
  virtual std::unique_ptr<AssignPass> start(const CentroidsView& centroids, std::span<const double> scales,
                                            const Drift* drift = nullptr) = 0;
  /// The label slots in use (and what bounds hang on them) become set number `set` of the block's, one with labels -1
  /// where it is new; 0 at first. So fits can take turns on the same rows, pass by pass.
  virtual void use_labels(RowBlock& rows, int set) = 0;
  /// Gives back the memory of all sets but the one in use, which becomes number 0.
  virtual void drop_other_labels(RowBlock& rows) = 0;
  /// Up to `most` passes over all rows of the blocks, resident ones, without a word from the caller in between: the
  /// first as start() with these centroids, each later one to the means (centroid_value) that the one before left. Ends
  /// after a pass that left sums and counts as they were or a segment without weight, and may end after any. One result
  /// a pass; label slots are those of the last. No result: not for such rows or such a model, and nothing was done.
  virtual std::vector<PassResult> rounds(std::span<const std::unique_ptr<RowBlock>>, const LoopState&, int64_t) {
    return {};
  }
  /// rounds() of several models, which share each read of the rows. Of each model its results, in the models' order; no
  /// result: not for such rows or such a model, or not worth sharing a read, and nothing was done with it. Which set of
  /// label slots is in use afterwards is not said.
  virtual std::vector<std::vector<PassResult>> rounds_together(std::span<const std::unique_ptr<RowBlock>>,
                                                               std::span<const ModelRounds> models) {
    return std::vector<std::vector<PassResult>>(models.size());
  }
  /// Ends a fit whose passes had a drift. Until then they may keep the rows in an order of their own, and nothing but
  /// such passes may use them.
  virtual void end_fit(RowBlock&) {}
  /// Label slots become -1.
  virtual void clear_labels(RowBlock& rows) = 0;
  virtual void copy_labels(const RowBlock& rows, std::span<int32_t> out) = 0;

  /// Canonical labels, distances, runner-up (certified too) and margins against `centroids`. Writes label slots as
  /// well. Unwanted spans are skipped; sums are always appended. first_row must lie on a block boundary.
  virtual void publish(RowBlock& rows, const CentroidsView& centroids, const PublishedRows& out, PublishSums& sums) = 0;

  /// The `count` rows with the largest canonical D to the centroid of their label slot (ties: lowest row), rows with
  /// equal values once, D = 0 and rows of weight 0 never; merged into `best`, which is kept sorted (d2 descending, row
  /// ascending) and at most `count` long.
  virtual void far_rows(const RowBlock& rows, const CentroidsView& centroids, int count, std::vector<FarRow>& best) = 0;

  /// sum over rows of m * q_j^2, per feature (Q_j of exactness.md 6), as 128-bit integers added into `sums`.
  virtual void square_sums(const RowBlock& rows, std::span<const double> scales, std::span<Int128> sums) = 0;
};

// ---- sampling: seeding and samples ----

struct Draw {
  double key = 0;  ///< smallest so far; +inf when none
  int64_t row = -1;
};

/// Rows taken out of blocks, ascending by global row.
struct SampledRows {
  std::vector<int64_t> row;
  std::vector<uint64_t> bits;   ///< random_bits of each
  std::vector<int64_t> weight;  ///< m; 1 in unweighted blocks
  std::vector<float> values;    ///< rows x d, row-major
};

class SampleOps {
 public:
  virtual ~SampleOps() = default;

  virtual void set_weights(RowBlock& rows, std::span<const int64_t> m) = 0;
  /// m of local rows [first, first + out.size()); 1 in unweighted blocks.
  virtual void copy_weights(const RowBlock& rows, int64_t first, std::span<int64_t> out) = 0;
  /// Copies rows (local indices inside the block) as count x d row-major float32.
  virtual void fetch(const RowBlock& rows, std::span<const int64_t> local, HostView<float> out) = 0;

  /// The `count` rows of the block with the smallest random_bits(key, global row) (ties: lowest row), weight 0
  /// excluded, merged into `smallest` (sorted by (bits, row)).
  virtual void smallest_keys(const RowBlock& rows, const RandomKey& key, int64_t count,
                             std::vector<std::pair<uint64_t, int64_t>>& smallest) = 0;

  /// Appends the block's rows of positive weight with random_bits(key, global row) < limit, in row order.
  virtual void sample_below(const RowBlock& rows, const RandomKey& key, uint64_t limit, SampledRows& sample) = 0;

  /// min_d2 = m * D has no meaning yet: +inf for every row.
  virtual void start_seeding(RowBlock& rows) = 0;
  /// For each of the keys' trials, the row with the smallest weighted_key(key, row, m * min_d2), weight 0 (or +inf
  /// before the first centroid: then weight m) excluded; merged into draws (one per key).
  virtual void draw(const RowBlock& rows, std::span<const RandomKey> keys, std::span<Draw> draws) = 0;
  /// For each candidate row vector (count x d): appends to potentials[candidate] the canonical block sums of m *
  /// min(min_d2, D(x, candidate)).
  virtual void potentials(const RowBlock& rows, HostView<const float> candidates,
                          std::span<CanonicalSum> potentials) = 0;
  /// min_d2 = min(min_d2, D(x, centroid)).
  virtual void lower_min_d2(RowBlock& rows, std::span<const float> centroid) = 0;
  /// min_d2 = min(min_d2, D(x, centroid of the row's label slot)). The labels must be those of a pass with `centroids`.
  virtual void lower_to_own(RowBlock& rows, const CentroidsView& centroids) = 0;
  /// AssignOps::far_rows by min_d2 instead, once lower_to_own or lower_min_d2 has made every one of them a distance.
  virtual void far_from_seeds(const RowBlock& rows, int count, std::vector<FarRow>& best) = 0;
  virtual void end_seeding(RowBlock& rows) = 0;

  /// Adds distinct row vectors (by bits) of the block to `distinct` until it holds `limit` of them; rows of weight 0 do
  /// not count. For "k above the number of distinct rows".
  virtual void distinct_rows(const RowBlock& rows, int64_t limit, std::vector<std::vector<float>>& distinct) = 0;
};

// ---- pairs: evaluation ----

/// Exact per-segment statistics in double, engine space, for the squared-Euclidean silhouette (Spark's definition).
struct SegmentMoments {
  std::vector<double> mean;        ///< k x d
  std::vector<double> mean_norm2;  ///< k: mean of |x|^2
  std::vector<int64_t> count;      ///< k, sum of m
  double unit = 1;                 ///< m of one client (RowBlocks::unit_weight)
};

class PairOps {
 public:
  virtual ~PairOps() = default;
  /// Canonical block sums, per segment of the row, of m * |x|^2 (|x|^2 in double, j ascending by fma; m = 1 in
  /// unweighted jobs), appended per 65,536-row block (k sums each). Uses the label slots.
  virtual void segment_norm2(const RowBlock& rows, int k, std::vector<std::vector<double>>& blocks) = 0;
  /// Canonical block sums, per segment of the row, of m * s, s the squared-Euclidean silhouette of the row, appended
  /// per 65,536-row block (k sums each). Uses the label slots. Mean distance of row x to segment c: |x|^2 - 2 x.mean_c
  /// + mean_norm2_c, all in double, j ascending by fma, below 0 counts as 0. a = that of the own segment times N / (N -
  /// u), N = count[own], u = min(m, unit): of a row that stands for several clients, one leaves itself out; b = the
  /// least of the other segments with count > 0; s = (b - a) / max(a, b); s = 0 if N <= u, if there is no other segment
  /// or if max(a, b) = 0.
  virtual void squared_silhouette(const RowBlock& rows, const SegmentMoments& segments,
                                  std::vector<std::vector<double>>& blocks) = 0;
  /// Sampled rows (n x d row-major, host, labels 0..k-1), each of weight > 0.
  struct LabelledSample {
    HostView<const float> rows;
    std::span<const int32_t> labels;
    std::span<const int64_t> weights = {};  ///< m; empty: 1 each
    double unit = 1;                        ///< m of one client, as in SegmentMoments
  };
  /// Classic silhouette of sampled rows, one value a row: D canonical, m * sqrt(D) summed per segment in row order. a =
  /// the own segment's sum / (N - u), N its sum of m, u as above; b = the least sum / N of the others; s as above.
  virtual std::vector<double> silhouette(const LabelledSample& sample, int k) = 0;
};

// ---- the backend ----

struct BackendFacts {
  std::string name;    ///< "cpu" or "cuda"
  std::string device;  ///< processor or GPU name
  std::string simd;    ///< instruction set in use, or compute capability
  int threads = 0;
  int64_t memory_bytes = 0;  ///< memory it may use: all of the machine's, or what is free on a GPU now
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual BackendFacts facts() const = 0;
  /// Zero-filled block. purpose names the buffer in an out-of-memory message ("normalised features").
  virtual std::unique_ptr<RowBlock> make_rows(int64_t first_row, int64_t rows, int d, bool weighted,
                                              const std::string& purpose) = 0;
  /// As make_rows, but without memory for features: they lie on the page that lend_page named last. An operation that
  /// needs features of a block without a page is Error{internal}. Only for backends with a page_layout.
  virtual std::unique_ptr<RowBlock> make_paged_rows(int64_t first_row, int64_t rows, int d, bool weighted,
                                                    const std::string& purpose);
  virtual PageLayout page_layout(int d) const;
  /// page: page_layout(d).bytes(rows) bytes, on a page boundary, in the layout that an earlier operation left there;
  /// where none did, whatever it holds, and zeros in the last group. Null takes it back: what operations left there
  /// then lies on it, and the page may serve another block.
  virtual void lend_page(RowBlock& rows, std::byte* page);
  /// As lend_page, of a page on which only these rows (ascending, disjoint) are looked at and nothing is changed until
  /// it is taken back: a backend that copies pages may leave the others out. Returns the bytes that it reads, at most.
  virtual int64_t lend_rows(RowBlock& rows, std::byte* page, std::span<const LocalRows> wanted);
  /// `keep`: from the first pass of a fit on that sees all features of this paged block (unweighted, and until they
  /// change) the backend keeps a compressed copy in memory of its own, so that later passes need fewer of them; false:
  /// it has no memory for that, or no use. Else the copy goes. The results are the same.
  virtual bool keep_compressed(RowBlock& rows, bool keep);
  /// Bytes of such a copy; 0 where it would spare passes over k segments nothing.
  virtual int64_t compressed_bytes(int64_t rows, int d, int k) const;
  /// From now until unpin, pages are lent from this memory (on a page boundary, whole pages of the system): a backend
  /// that copies them may fix it in place and copy without a detour. False: it did not; the results are the same.
  virtual bool pin(std::byte* memory, int64_t bytes);
  virtual void unpin(std::byte* memory) noexcept;
  /// Bytes that make_rows would take.
  virtual int64_t rows_bytes(int64_t rows, int d, bool weighted) const = 0;
  /// Bytes that start_seeding takes on top until end_seeding.
  virtual int64_t seeding_bytes(int64_t rows) const = 0;
  /// Bytes of scratch, at most, of one operation over such rows with k segments; 0 where it is too little to plan for.
  virtual int64_t scratch_bytes(int64_t rows, int d, int k) const = 0;
  /// Bytes that a fit's passes over resident rows take on top, to be faster; 0: they have no use for more.
  virtual int64_t extra_bytes(int64_t rows, int d, int k) const;
  /// From now on a fit takes them if they are no more than this. Without it, always. The results are the same.
  virtual void allow_extra(int64_t bytes);

  virtual ColumnOps& column_ops() = 0;
  virtual AssignOps& assign_ops() = 0;
  virtual SampleOps& sample_ops() = 0;
  virtual PairOps& pair_ops() = 0;
};

}  // namespace clientele
