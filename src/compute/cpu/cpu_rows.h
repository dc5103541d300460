// Rows in tiles of 16, dimension-major: tile t holds rows 16 t .. 16 t + 15, coordinate j of them at tile[j * 16 +
// lane]. So a kernel reads 16 rows with plain vector loads and never transposes. The last tile is padded with zeros;
// every slot is padded alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "clientele/compute/rows.h"

namespace clientele {

inline constexpr int kTileRows = 16;

/// Zero-filled memory from the system, on huge pages where it is large. Move-only.
class PageBuffer {
 public:
  PageBuffer() = default;
  /// Throws Error{device} naming the purpose and the size when there is not enough memory.
  PageBuffer(size_t bytes, const std::string& purpose);
  ~PageBuffer() { release(); }
  PageBuffer(PageBuffer&& other) noexcept;
  PageBuffer& operator=(PageBuffer&& other) noexcept;
  PageBuffer(const PageBuffer&) = delete;
  PageBuffer& operator=(const PageBuffer&) = delete;

  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }
  size_t bytes() const { return bytes_; }
  void release() noexcept;

 private:
  void* data_ = nullptr;
  size_t bytes_ = 0;
};

class CpuRows final : public RowBlock {
 public:
  CpuRows(int64_t first_row, int64_t rows, int d, bool weighted, const std::string& purpose);
  static int64_t bytes(int64_t rows, int d, bool weighted);

  int64_t tiles() const { return (rows_ + kTileRows - 1) / kTileRows; }
  /// Valid rows of tile t: 16, or fewer in the last one.
  int tile_rows(int64_t t) const {
    const int64_t left = rows_ - t * kTileRows;
    return static_cast<int>(left < kTileRows ? left : kTileRows);
  }
  float* tile(int64_t t) { return features_.as<float>() + t * kTileRows * d_; }
  const float* tile(int64_t t) const { return features_.as<float>() + t * kTileRows * d_; }
  float at(int64_t row, int j) const { return tile(row / kTileRows)[j * kTileRows + row % kTileRows]; }
  void copy_row(int64_t row, float* out) const;

  /// Slots, one a row (padded to whole tiles). weights() and min_d2() are null when absent.
  int32_t* labels() const { return labels_.as<int32_t>(); }
  int64_t* weights() const { return weights_.as<int64_t>(); }
  double* min_d2() const { return min_d2_.as<double>(); }
  int64_t weight(int64_t row) const { return weighted_ ? weights()[row] : 1; }

  /// Bounds of assignment passes (bounds.h): a row's label is proved while the drift of its segment is below expiry(),
  /// a tile's labels while Drift::any is below tile_expiry(). Whoever writes labels without them calls drop_bounds().
  float* expiry() const { return expiry_.as<float>(); }
  float* tile_expiry() const { return tile_expiry_.as<float>(); }
  bool has_bounds() const { return has_bounds_; }
  /// Bounds that prove nothing yet.
  void start_bounds();
  void drop_bounds() { has_bounds_ = false; }
  static int64_t bounds_bytes(int64_t rows);

  /// The slots of labels and bounds in use are one of several sets; a new one has labels -1.
  void use_labels(int set);
  /// Of all sets only the one in use stays, as number 0.
  void drop_other_labels();

  /// Zeros behind the last row again.
  void clear_padding();
  void allocate_min_d2();
  void release_min_d2() { min_d2_.release(); }

 private:
  /// Slots of a set that is not in use.
  struct LabelSet {
    PageBuffer labels, expiry, tile_expiry;
    bool has_bounds = false;
  };
  /// Exchanges the slots in use with those of a set.
  void exchange(LabelSet& set);

  PageBuffer features_;
  PageBuffer labels_;
  PageBuffer weights_;
  PageBuffer min_d2_;
  PageBuffer expiry_;
  PageBuffer tile_expiry_;
  bool has_bounds_ = false;
  std::vector<LabelSet> label_sets_;  ///< by number; that of the set in use holds nothing
  int label_set_ = 0;
};

/// The block as this backend's own. Throws Error{internal} for another backend's.
CpuRows& cpu_rows(RowBlock& rows);
const CpuRows& cpu_rows(const RowBlock& rows);
/// Throws Error{internal} unless the block begins on a 65,536-row boundary, as canonical sums need.
void require_block_start(const RowBlock& rows);

}  // namespace clientele
