// Rows in tiles of 16, dimension-major: tile t holds rows 16 t .. 16 t + 15, coordinate j of them at tile[j * 16 +
// lane]. So a kernel reads 16 rows with plain vector loads and never transposes. The last tile is padded with zeros;
// every slot is padded alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "clientele/base/page_buffer.h"
#include "clientele/compute/rows.h"

namespace clientele {

inline constexpr int kTileRows = 16;

struct TileBound;
struct CandidatesView;

/// Bounds on the lengths of rows, one a tile: the greatest of its rows' (screen_length). null: none are wanted.
struct TileLengths {
  float* of = nullptr;
  bool known = false;  ///< otherwise they are to be filled
};

class CpuRows final : public RowBlock {
 public:
  /// paged: no memory for features, which lie on the page lent last.
  CpuRows(int64_t first_row, int64_t rows, int d, bool weighted, const std::string& purpose, bool paged = false);
  static int64_t bytes(int64_t rows, int d, bool weighted);

  int64_t tiles() const { return (rows_ + kTileRows - 1) / kTileRows; }
  /// Valid rows of tile t: 16, or fewer in the last one.
  int tile_rows(int64_t t) const {
    const int64_t left = rows_ - t * kTileRows;
    return static_cast<int>(left < kTileRows ? left : kTileRows);
  }
  float* tile(int64_t t) { return features() + t * kTileRows * d_; }
  const float* tile(int64_t t) const { return features() + t * kTileRows * d_; }
  float at(int64_t row, int j) const { return tile(row / kTileRows)[j * kTileRows + row % kTileRows]; }
  void copy_row(int64_t row, float* out) const;
  /// Not so for a paged block between its pages, of which only the slots can be used.
  bool has_features() const { return page_ != nullptr; }
  void set_page(float* page) { page_ = page; }

  /// Slots, one a row (padded to whole tiles). weights() and min_d2() are null when absent.
  int32_t* labels() const { return labels_.as<int32_t>(); }
  int64_t* weights() const { return weights_.as<int64_t>(); }
  double* min_d2() const { return min_d2_.as<double>(); }
  int64_t weight(int64_t row) const { return weighted_ ? weights()[row] : 1; }

  /// Bounds of the passes of one fit (bounds.h), one a tile. Whoever writes labels without them calls drop_bounds().
  TileBound* tile_bounds() const { return tile_bounds_.as<TileBound>(); }
  /// Which order of rows (CpuFit::order) they were found for; -1: none.
  int64_t bounds_order() const { return bounds_order_; }
  /// Room for bounds, which are to be filled.
  void start_bounds(int64_t order);
  void drop_bounds() { bounds_order_ = -1; }
  /// Gives their memory back.
  void release_bounds();

  /// While a fit's passes skip rows, each group of rows stands in an order of its own (row_order.h): slot i of a group
  /// holds the row that is number order()[i] of it. Null where rows stand in their own order.
  uint16_t* order() const { return ordered_ ? order_.as<uint16_t>() : nullptr; }
  /// Rows with several sets of labels are left as they stand, and those on pages, which nobody writes back.
  bool can_be_ordered() const { return label_sets_.empty() && !paged_; }
  /// Room for orders, which are to be filled.
  void start_order();
  void end_order();
  static int64_t bounds_bytes(int64_t rows);
  /// Lists of the passes of one fit (candidates.h), `most` a tile; in bounds_order() as bounds are.
  void start_candidates(int64_t order, int most);
  void release_candidates();
  /// Of the tiles from `first` on.
  void view_candidates(int64_t first, CandidatesView& view) const;

  /// Bounds on the lengths of the rows of each tile (TileLengths), found by any pass over all of them; clear_labels,
  /// with which a fit begins, and start_order forget them. None while the rows stand in another order.
  TileLengths lengths() const { return {order() != nullptr ? nullptr : lengths_.as<float>(), lengths_known_}; }
  void set_lengths_known(bool known) { lengths_known_ = known; }

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
    PageBuffer labels, tile_bounds;
    int64_t bounds_order = -1;
  };
  /// Exchanges the slots in use with those of a set.
  void exchange(LabelSet& set);

  float* features() const {
    if (page_ == nullptr) throw_no_page();
    return page_;
  }
  [[noreturn]] void throw_no_page() const;

  PageBuffer features_;
  float* page_ = nullptr;  ///< where the features lie
  bool paged_ = false;
  PageBuffer labels_;
  PageBuffer weights_;
  PageBuffer min_d2_;
  PageBuffer tile_bounds_;
  PageBuffer order_;
  PageBuffer candidates_, candidate_ids_, candidate_slacks_;
  int most_candidates_ = 0;
  PageBuffer lengths_;  ///< one a tile
  bool lengths_known_ = false;
  int64_t bounds_order_ = -1;
  bool ordered_ = false;
  std::vector<LabelSet> label_sets_;  ///< by number; that of the set in use holds nothing
  int label_set_ = 0;
};

/// The block as this backend's own, its rows in their own order. Throws Error{internal} for another backend's, and
/// between a fit's first pass and its end_fit.
CpuRows& cpu_rows(RowBlock& rows);
const CpuRows& cpu_rows(const RowBlock& rows);
/// The same in any order.
CpuRows& cpu_rows_in_any_order(RowBlock& rows);
/// Throws Error{internal} outside SampleOps::start_seeding and end_seeding.
void require_seeding(const CpuRows& rows);
/// Throws Error{internal} unless the block begins on a 65,536-row boundary, as canonical sums need.
void require_block_start(const RowBlock& rows);

}  // namespace clientele
