// A block of rows in device memory.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "clientele/compute/rows.h"
#include "compressed.h"
#include "device.h"
#include "pages.h"
#include "tile.h"

namespace clientele::gpu {

class CudaRows : public RowBlock {
 public:
  /// Zero features, labels -1, weights 1. `purpose` names the features in an out-of-memory message. pages: not null for
  /// a block without memory for features, which then lie on the page lent last.
  CudaRows(const Device& device, int64_t first_row, int64_t rows, int d, bool weighted, const std::string& purpose,
           std::shared_ptr<DevicePages> pages = nullptr);
  ~CudaRows() override;
  CudaRows(const CudaRows&) = delete;
  CudaRows& operator=(const CudaRows&) = delete;

  /// The pointers that kernels work on; const blocks hand out the same view, and kernels that take one only read
  /// features and weights. Throws Error{internal} for a block between its pages.
  RowsView view() const;
  /// The same for kernels that write features.
  RowsView writable_view();
  /// The same without features, for kernels that need none.
  RowsView slots() const;

  bool paged() const { return pages_ != nullptr; }
  bool has_features() const { return !paged() || page_ != nullptr || seen_ != nullptr; }
  /// Copies the page to the device; null: what was written there comes back to it, and the device's copy goes.
  void set_page(float* page);
  /// Instead of a copy: kernels read the host's page where it lies, until set_page.
  void look_at(const float* page);

  /// Memory for a compressed copy, or none any more. Returns whether there is some.
  bool keep_compressed(bool keep);
  /// All features are on the device, and a copy of them is wanted.
  bool can_compress() const { return copy_ && !copied_ && page_ != nullptr; }
  void compress();
  /// Null unless it is that of the features as they are.
  const CompressedRows* compressed() const { return copied_ ? &*copy_ : nullptr; }
  const Device& device() const { return *device_; }

  /// Labels of local rows [begin, begin + out.size()) to the host.
  void copy_labels(int64_t begin, std::span<int32_t> out) const { label_.download(out, begin); }
  /// AssignOps::use_labels and drop_other_labels.
  void use_labels(int set);
  bool has_other_labels() const { return !label_sets_.empty(); }
  void drop_other_labels();
  void clear_labels();
  /// Whether every row has a label and every expiry (expiry.h) belongs to it. Whoever writes labels says so.
  bool has_bounds() const { return has_bounds_; }
  void set_has_bounds(bool has) { has_bounds_ = has; }
  /// Memory for bounds, rubbish at first; nothing if the block has it already.
  void make_bounds();
  static int64_t bounds_bytes(int64_t rows);
  void set_weights(std::span<const int64_t> m);
  /// Weights of local rows [begin, begin + out.size()) to the host; 1 for unweighted rows.
  void copy_weights(int64_t begin, std::span<int64_t> out) const;
  void start_min_d2();  ///< +inf for every row
  void end_min_d2();

  /// Device bytes of a block without min_d2.
  static int64_t bytes(int64_t rows, int d, bool weighted);

 private:
  /// Floats of all features, padding included.
  int64_t floats() const { return tiled_size(rows_, d_); }
  void require_paged() const;
  void return_page();

  const Device* device_;
  Buffer<float> values_;  ///< unless paged
  std::shared_ptr<DevicePages> pages_;
  std::unique_ptr<DevicePage> page_;  ///< null between pages
  float* lent_ = nullptr;             ///< the host's page
  bool written_ = false;              ///< the device's page differs from it
  const float* seen_ = nullptr;       ///< the host's page where kernels read it in place
  std::optional<CompressedRows> copy_;
  bool copied_ = false;  ///< `copy_` is that of the features
  Buffer<int32_t> label_, next_;
  std::vector<Buffer<int32_t>> label_sets_;  ///< by number; that of the set in use is empty
  int label_set_ = 0;
  Buffer<int64_t> weight_;
  Buffer<double> min_d2_;
  Buffer<float> expiry_;
  Buffer<unsigned> tile_expiry_;
  bool has_bounds_ = false;
};

/// The block as this backend's own, its device made the current one. Throws Error{internal} for a block of another
/// backend or device.
const CudaRows& own(const RowBlock& rows, const Device& device);
CudaRows& own(RowBlock& rows, const Device& device);

/// Throws Error{internal} unless the block begins on a 65,536-row boundary, as canonical sums need.
void require_block_start(const CudaRows& rows);

}  // namespace clientele::gpu
