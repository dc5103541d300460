#include <mutex>

#include "assign.h"
#include "clientele/compute/backends.h"
#include "digits.h"
#include "far_rows.h"
#include "features.h"
#include "fused.h"
#include "gather.h"
#include "lane_sums.h"
#include "moments.h"
#include "paths.h"
#include "publish.h"
#include "rounds.h"
#include "seeding.h"
#include "silhouettes.h"
#include "square_sums.h"
#include "tensor_model.h"

namespace clientele::gpu {

namespace {

constexpr int64_t kBatchRowBytes = 72;  // sorting: keys and rows three times over, flags, and CUB's own scratch
constexpr int64_t kPiecesBytes = int64_t{64} << 20;  // pieces of source columns, copies, and what the pool rounds up

/// Several threads may call column operations at once: `busy` lets them take turns on the one stream.
class CudaColumnOps : public ColumnOps {
 public:
  explicit CudaColumnOps(const Device& device) : device_(device) {}

  std::unique_ptr<MomentPass> start_moments(int columns) override { return start_moment_pass(device_, busy_, columns); }
  void count_digits(ColumnsView<const double> values, int level, int targets, std::span<const uint64_t> prefix,
                    std::span<int64_t> counts) override {
    const Turn turn(*this);
    count_column_digits(device_, values, level, targets, prefix, counts);
  }
  TransformCounts transform(ColumnsView<const double> values, std::span<const FeatureTransform> features,
                            std::span<const double> knots, RowBlock& out, int64_t row_in_out) override {
    const Turn turn(*this);
    return transform_columns(values, features, knots, own(out, device_), row_in_out);
  }
  void row_moments(const RowBlock& rows, std::vector<std::vector<Moments>>& blocks) override {
    const Turn turn(*this);
    append_row_moments(own(rows, device_), blocks);
  }
  void centre(RowBlock& rows, std::span<const double> means) override {
    const Turn turn(*this);
    centre_features(own(rows, device_), means);
  }
  int64_t unit_rows(RowBlock& rows) override {
    const Turn turn(*this);
    return scale_to_unit(own(rows, device_));
  }
  std::vector<float> max_abs(const RowBlock& rows) override {
    const Turn turn(*this);
    return largest_magnitudes(own(rows, device_));
  }
  void count_row_digits(const RowBlock& rows, int level, int targets, std::span<const uint64_t> prefix,
                        std::span<int64_t> counts) override {
    const Turn turn(*this);
    count_feature_digits(own(rows, device_), level, targets, prefix, counts);
  }

 private:
  struct Turn {
    explicit Turn(CudaColumnOps& ops) : lock(ops.busy_) { ops.device_.use(); }
    std::lock_guard<std::mutex> lock;
  };
  const Device& device_;
  std::mutex busy_;
};

class CudaAssignOps : public AssignOps {
 public:
  CudaAssignOps(const Device& device, const Paths& paths) : device_(device), paths_(paths) {}

  std::unique_ptr<AssignPass> start(const CentroidsView& centroids, std::span<const double> scales,
                                    const Drift* drift) override {
    return start_assign_pass(device_, paths_, centroids, scales, drift);
  }
  std::vector<PassResult> rounds(std::span<const std::unique_ptr<RowBlock>> blocks, const LoopState& state,
                                 int64_t most) override {
    return label_in_rounds(device_, paths_, blocks, state, most);
  }
  std::vector<std::vector<PassResult>> rounds_together(std::span<const std::unique_ptr<RowBlock>> blocks,
                                                       std::span<const ModelRounds> models) override {
    return label_together(device_, paths_, blocks, models);
  }
  void use_labels(RowBlock& rows, int set) override { own(rows, device_).use_labels(set); }
  void drop_other_labels(RowBlock& rows) override { own(rows, device_).drop_other_labels(); }
  void clear_labels(RowBlock& rows) override { own(rows, device_).clear_labels(); }
  void copy_labels(const RowBlock& rows, std::span<int32_t> out) override { own(rows, device_).copy_labels(0, out); }
  void publish(RowBlock& rows, const CentroidsView& centroids, const PublishedRows& out, PublishSums& sums) override {
    publish_rows(own(rows, device_), centroids, out, sums);
  }
  void far_rows(const RowBlock& rows, const CentroidsView& centroids, int count, std::vector<FarRow>& best) override {
    find_far_rows(own(rows, device_), centroids, count, best);
  }
  void square_sums(const RowBlock& rows, std::span<const double> scales, std::span<Int128> sums) override {
    add_square_sums(own(rows, device_), scales, sums);
  }

 private:
  const Device& device_;
  const Paths paths_;
};

class CudaSampleOps : public SampleOps {
 public:
  explicit CudaSampleOps(const Device& device) : device_(device) {}

  void set_weights(RowBlock& rows, std::span<const int64_t> m) override { own(rows, device_).set_weights(m); }
  void copy_weights(const RowBlock& rows, int64_t first, std::span<int64_t> out) override {
    own(rows, device_).copy_weights(first, out);
  }
  void fetch(const RowBlock& rows, std::span<const int64_t> local, HostView<float> out) override {
    fetch_rows(own(rows, device_), local, {out.data, static_cast<size_t>(out.size())});
  }
  void smallest_keys(const RowBlock& rows, const RandomKey& key, int64_t count,
                     std::vector<std::pair<uint64_t, int64_t>>& smallest) override {
    merge_smallest_keys(own(rows, device_), key, count, smallest);
  }
  void sample_below(const RowBlock& rows, const RandomKey& key, uint64_t limit, SampledRows& sample) override {
    append_sample(own(rows, device_), key, limit, sample);
  }
  void start_seeding(RowBlock& rows) override { own(rows, device_).start_min_d2(); }
  void draw(const RowBlock& rows, std::span<const RandomKey> keys, std::span<Draw> draws) override {
    draw_rows(own(rows, device_), keys, draws);
  }
  void potentials(const RowBlock& rows, HostView<const float> candidates, std::span<CanonicalSum> potentials) override {
    append_potentials(own(rows, device_), candidates, potentials);
  }
  void lower_min_d2(RowBlock& rows, std::span<const float> centroid) override {
    lower_to_centroid(own(rows, device_), centroid);
  }
  void lower_to_own(RowBlock& rows, const CentroidsView& centroids) override {
    gpu::lower_to_own(own(rows, device_), centroids);
  }
  void far_from_seeds(const RowBlock& rows, int count, std::vector<FarRow>& best) override {
    find_far_from_seeds(own(rows, device_), count, best);
  }
  void end_seeding(RowBlock& rows) override { own(rows, device_).end_min_d2(); }
  void distinct_rows(const RowBlock& rows, int64_t limit, std::vector<std::vector<float>>& distinct) override {
    add_distinct_rows(own(rows, device_), limit, distinct);
  }

 private:
  const Device& device_;
};

class CudaPairOps : public PairOps {
 public:
  explicit CudaPairOps(const Device& device) : device_(device) {}

  void segment_norm2(const RowBlock& rows, int k, std::vector<std::vector<double>>& blocks) override {
    append_segment_norm2(own(rows, device_), k, blocks);
  }
  void squared_silhouette(const RowBlock& rows, const SegmentMoments& segments,
                          std::vector<std::vector<double>>& blocks) override {
    append_squared_silhouette(own(rows, device_), segments, blocks);
  }
  std::vector<double> silhouette(const LabelledSample& sample, int k) override {
    device_.use();
    return sample_silhouette(device_, sample, k);
  }

 private:
  const Device& device_;
};

class CudaBackend : public Backend {
 public:
  CudaBackend(int ordinal, const Paths& paths)
      : device_(ordinal), paths_(paths), column_(device_), assign_(device_, paths), sample_(device_), pair_(device_) {}

  BackendFacts facts() const override {
    device_.use();
    const cudaDeviceProp& properties = device_.properties();
    return {"cuda", properties.name,
            "compute " + std::to_string(properties.major) + "." + std::to_string(properties.minor), 1,
            device_.free_bytes()};
  }
  std::unique_ptr<RowBlock> make_rows(int64_t first_row, int64_t rows, int d, bool weighted,
                                      const std::string& purpose) override {
    return std::make_unique<CudaRows>(device_, first_row, rows, d, weighted, purpose);
  }
  std::unique_ptr<RowBlock> make_paged_rows(int64_t first_row, int64_t rows, int d, bool weighted,
                                            const std::string& purpose) override {
    std::shared_ptr<DevicePages> pages = pages_.lock();
    if (!pages) pages_ = pages = std::make_shared<DevicePages>(device_);
    return std::make_unique<CudaRows>(device_, first_row, rows, d, weighted, purpose, std::move(pages));
  }
  PageLayout page_layout(int d) const override {
    return {kTileRows, tiled_size(kTileRows, d) * static_cast<int64_t>(sizeof(float)), kDevicePages};
  }
  void lend_page(RowBlock& rows, std::byte* page) override {
    own(rows, device_).set_page(reinterpret_cast<float*>(page));
  }
  int64_t lend_rows(RowBlock& rows, std::byte* page, std::span<const LocalRows> wanted) override {
    const PageLayout layout = page_layout(rows.d());
    const int64_t all = layout.bytes(rows.rows());
    int64_t some = 0;
    for (const LocalRows& range : wanted)
      some += layout.bytes(range.last) - range.first / kTileRows * layout.group_bytes;
    const bool few = static_cast<double>(some) <= kMostInPlace * static_cast<double>(all);
    const void* seen = few ? device_.seen(page) : nullptr;
    if (seen == nullptr) {
      lend_page(rows, page);
      return all;
    }
    own(rows, device_).look_at(static_cast<const float*>(seen));
    return some;
  }
  bool keep_compressed(RowBlock& rows, bool keep) override { return own(rows, device_).keep_compressed(keep); }
  int64_t compressed_bytes(int64_t rows, int d, int k) const override {
    const bool screened = paths_.fused && paths_.bounds && (k < paths_.tensor_from || !tensor_takes(d));
    if (k < 2 || !screened || !FusedPass::takes(device_, k, d)) return 0;
    const int64_t copy = CompressedRows::bytes(rows, d);
    return copy < page_layout(d).bytes(rows) ? copy : 0;
  }
  bool pin(std::byte* memory, int64_t bytes) override { return device_.pin(memory, bytes); }
  void unpin(std::byte* memory) noexcept override { device_.unpin(memory); }
  int64_t rows_bytes(int64_t rows, int d, bool weighted) const override { return CudaRows::bytes(rows, d, weighted); }
  int64_t seeding_bytes(int64_t rows) const override { return rows * static_cast<int64_t>(sizeof(double)); }
  int64_t scratch_bytes(int64_t rows, int d, int k) const override {
    const int64_t batch = std::min(rows, device_.batch_rows());
    const int64_t centroids = 2 * int64_t{k} * d * static_cast<int64_t>(sizeof(float) + sizeof(int64_t));
    return batch * kBatchRowBytes + lane_bytes_of(batch, k) + centroids + kPiecesBytes + CudaRows::bounds_bytes(rows);
  }

  ColumnOps& column_ops() override { return column_; }
  AssignOps& assign_ops() override { return assign_; }
  SampleOps& sample_ops() override { return sample_; }
  PairOps& pair_ops() override { return pair_; }

 private:
  Device device_;
  const Paths paths_;
  std::weak_ptr<DevicePages> pages_;  ///< of the paged blocks, while there are any
  CudaColumnOps column_;
  CudaAssignOps assign_;
  CudaSampleOps sample_;
  CudaPairOps pair_;
};

}  // namespace

std::unique_ptr<Backend> make_backend(int device, const Paths& paths) {
  return std::make_unique<CudaBackend>(device, paths);
}

}  // namespace clientele::gpu

namespace clientele {

std::unique_ptr<Backend> make_cuda_backend(int device) {
  return gpu::make_backend(device, {});
}

}  // namespace clientele
