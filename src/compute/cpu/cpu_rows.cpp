#include "cpu_rows.h"

#include <algorithm>
#include <limits>

#include "clientele/base/canonical.h"
#include "clientele/base/errors.h"
#include "kernels.h"

namespace clientele {
namespace {

size_t slot_count(int64_t rows) {
  return static_cast<size_t>((rows + kTileRows - 1) / kTileRows * kTileRows);
}

}  // namespace

CpuRows::CpuRows(int64_t first_row, int64_t rows, int d, bool weighted, const std::string& purpose, bool paged)
    : RowBlock(first_row, rows, d, weighted),
      features_(paged ? 0 : slot_count(rows) * static_cast<size_t>(d) * sizeof(float), purpose),
      page_(features_.as<float>()),
      paged_(paged),
      labels_(slot_count(rows) * sizeof(int32_t), "labels of " + purpose),
      weights_(weighted ? slot_count(rows) * sizeof(int64_t) : 0, "weights of " + purpose),
      lengths_(slot_count(rows) / kTileRows * sizeof(float), "lengths of " + purpose) {
  std::fill_n(labels(), slot_count(rows), -1);
}

int64_t CpuRows::bytes(int64_t rows, int d, bool weighted) {
  const size_t row = static_cast<size_t>(d) * sizeof(float) + sizeof(int32_t) + (weighted ? sizeof(int64_t) : 0);
  return static_cast<int64_t>(slot_count(rows) * row + slot_count(rows) / kTileRows * sizeof(float));
}

void CpuRows::throw_no_page() const {
  throw Error(ErrorKind::internal, {.what = "features were asked of a block of rows that is not in memory",
                                    .where = "rows from " + std::to_string(first_row_)});
}

void CpuRows::release_bounds() {
  drop_bounds();
  tile_bounds_.release();
  order_.release();
  release_candidates();
}

void CpuRows::release_candidates() {
  for (PageBuffer* lists : {&candidates_, &candidate_ids_, &candidate_slacks_}) lists->release();
}

void CpuRows::copy_row(int64_t row, float* out) const {
  const float* from = tile(row / kTileRows) + row % kTileRows;
  for (int j = 0; j < d_; ++j) out[j] = from[j * kTileRows];
}

void CpuRows::clear_padding() {
  for (int64_t row = rows_; row < tiles() * kTileRows; ++row)
    for (int j = 0; j < d_; ++j) tile(tiles() - 1)[j * kTileRows + row % kTileRows] = 0;
}

void CpuRows::allocate_min_d2() {
  const size_t slots = slot_count(rows_);
  if (min_d2() == nullptr) min_d2_ = PageBuffer(slots * sizeof(double), "squared distances of seeding");
  std::fill_n(min_d2(), slots, std::numeric_limits<double>::infinity());
}

int64_t CpuRows::bounds_bytes(int64_t rows) {
  const size_t slots = slot_count(rows);
  return static_cast<int64_t>(slots / kTileRows * sizeof(TileBound) + slots * sizeof(uint16_t));
}

void CpuRows::start_bounds(int64_t order) {
  if (tile_bounds_.bytes() == 0)
    tile_bounds_ = PageBuffer(static_cast<size_t>(tiles()) * sizeof(TileBound), "bounds of the rows");
  bounds_order_ = order;
}

void CpuRows::start_candidates(int64_t order, int most) {
  if (candidates_.bytes() == 0 || most != most_candidates_) {
    const size_t count = static_cast<size_t>(tiles()), members = count * static_cast<size_t>(most);
    const std::string purpose = "lists of near centroids";
    candidates_ = PageBuffer(count * sizeof(TileCandidates), purpose);
    candidate_ids_ = PageBuffer(members * sizeof(uint16_t), purpose);
    candidate_slacks_ = PageBuffer(members * sizeof(float), purpose);
    most_candidates_ = most;
  }
  bounds_order_ = order;
}

void CpuRows::view_candidates(int64_t first, CandidatesView& view) const {
  view.tiles = candidates_.as<TileCandidates>() + first;
  view.ids = candidate_ids_.as<uint16_t>() + first * most_candidates_;
  view.slacks = candidate_slacks_.as<float>() + first * most_candidates_;
  view.most = most_candidates_;
}

void CpuRows::exchange(LabelSet& set) {
  std::swap(labels_, set.labels);
  std::swap(tile_bounds_, set.tile_bounds);
  std::swap(bounds_order_, set.bounds_order);
}

void CpuRows::use_labels(int set) {
  if (set == label_set_) return;
  if (order() != nullptr)
    throw Error(ErrorKind::internal, {.what = "labels were changed during a fit: end_fit has not been called"});
  const size_t most = static_cast<size_t>(std::max(set, label_set_)) + 1;
  if (label_sets_.size() < most) label_sets_.resize(most);
  exchange(label_sets_[static_cast<size_t>(label_set_)]);
  exchange(label_sets_[static_cast<size_t>(set)]);
  label_set_ = set;
  if (labels() != nullptr || rows_ == 0) return;
  labels_ = PageBuffer(slot_count(rows_) * sizeof(int32_t), "labels");
  std::fill_n(labels(), slot_count(rows_), -1);
}

void CpuRows::drop_other_labels() {
  label_sets_.clear();
  label_set_ = 0;
}

void CpuRows::start_order() {
  if (order_.bytes() == 0) order_ = PageBuffer(slot_count(rows_) * sizeof(uint16_t), "order of the rows");
  ordered_ = true;
  lengths_known_ = false;
}

void CpuRows::end_order() {
  ordered_ = false;
}

CpuRows& cpu_rows_in_any_order(RowBlock& rows) {
  if (auto* own = dynamic_cast<CpuRows*>(&rows)) return *own;
  throw Error(ErrorKind::internal, {.what = "a block of rows of another backend reached the CPU backend"});
}

CpuRows& cpu_rows(RowBlock& rows) {
  CpuRows& own = cpu_rows_in_any_order(rows);
  if (own.order() != nullptr)
    throw Error(ErrorKind::internal, {.what = "rows were used during a fit: end_fit has not been called"});
  return own;
}

const CpuRows& cpu_rows(const RowBlock& rows) {
  return cpu_rows(const_cast<RowBlock&>(rows));  // which changes nothing
}

void require_seeding(const CpuRows& rows) {
  if (rows.min_d2() == nullptr && rows.rows() > 0)
    throw Error(ErrorKind::internal, {.what = "a seeding operation outside start_seeding and end_seeding"});
}

void require_block_start(const RowBlock& rows) {
  if (rows.first_row() % kBlockRows == 0) return;
  throw Error(ErrorKind::internal, {.what = "a canonical sum was asked of rows that begin inside a 65,536-row block",
                                    .found = "row " + std::to_string(rows.first_row())});
}

}  // namespace clientele
