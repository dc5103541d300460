#include <algorithm>
#include <limits>
#include <utility>

#include "clientele/base/canonical.h"
#include "clientele/base/errors.h"
#include "launch.h"
#include "rows.h"

namespace clientele::gpu {

namespace {

template <class T>
__global__ void fill(T* to, int64_t count, T value) {
  for (int64_t i = first_item(); i < count; i += item_stride()) to[i] = value;
}

}  // namespace

CudaRows::CudaRows(const Device& device, int64_t first_row, int64_t rows, int d, bool weighted,
                   const std::string& purpose, std::shared_ptr<DevicePages> pages)
    : RowBlock(first_row, rows, d, weighted), device_(&device), pages_(std::move(pages)) {
  device.use();
  if (paged()) {
    pages_->expect(floats());
  } else {
    values_ = Buffer<float>(device, floats(), purpose.c_str());
    values_.fill_bytes(0);
  }
  label_ = Buffer<int32_t>(device, rows, "segment labels");
  next_ = Buffer<int32_t>(device, rows, "segment labels of the pass under way");
  label_.fill_bytes(0xFF);
  next_.fill_bytes(0xFF);
  if (!weighted) return;
  weight_ = Buffer<int64_t>(device, rows, "row weights");
  launch(device, "setting weights to 1", {device.grid(rows, kRowThreads)}, fill<int64_t>, weight_.data(), rows,
         int64_t{1});
}

CudaRows::~CudaRows() {
  if (page_ != nullptr) pages_->drop(std::move(page_));
}

RowsView CudaRows::slots() const {
  return {nullptr,        label_.data(),       next_.data(), weight_.data(), min_d2_.data(),
          expiry_.data(), tile_expiry_.data(), first_row_,   rows_,          d_};
}

RowsView CudaRows::view() const {
  if (!has_features())
    throw Error(ErrorKind::internal, {.what = "features were asked of a block of rows that is not in memory",
                                      .where = "rows from " + std::to_string(first_row_)});
  RowsView all = slots();
  if (seen_ != nullptr) {
    all.values = const_cast<float*>(seen_);
    return all;
  }
  if (paged()) pages_->await(*page_);
  all.values = paged() ? page_->values.data() : values_.data();
  return all;
}

RowsView CudaRows::writable_view() {
  if (seen_ != nullptr)
    throw Error(ErrorKind::internal, {.what = "features were to be changed that were lent for a look only"});
  const RowsView all = view();
  written_ = true;
  copied_ = false;
  has_bounds_ = false;
  return all;
}

void CudaRows::require_paged() const {
  if (!paged())
    throw Error(ErrorKind::internal, {.what = "a page was lent to a block of rows that has features of its own"});
}

void CudaRows::set_page(float* page) {
  require_paged();
  if (has_features()) return_page();
  if (page != nullptr) page_ = pages_->upload(page, floats());
  lent_ = page;
}

void CudaRows::look_at(const float* page) {
  require_paged();
  if (has_features()) return_page();
  seen_ = page;
}

void CudaRows::return_page() {
  if (seen_ != nullptr) {
    seen_ = nullptr;
    device_->synchronise();  // kernels may still read the page
    return;
  }
  if (written_) pages_->download(*page_, {lent_, static_cast<size_t>(floats())});
  written_ = false;
  pages_->give_back(std::move(page_));
}

bool CudaRows::keep_compressed(bool keep) {
  copy_.reset();
  copied_ = false;
  if (keep && paged() && !weighted_) copy_ = CompressedRows::if_room(*device_, rows_, d_);
  return copy_.has_value();
}

void CudaRows::compress() {
  copy_->take(*device_, view());
  copied_ = true;
}

void CudaRows::clear_labels() {
  has_bounds_ = false;
  label_.fill_bytes(0xFF);
}

void CudaRows::make_bounds() {
  if (expiry_.data() != nullptr) return;
  expiry_ = Buffer<float>(*device_, rows_, "bounds of rows");
  tile_expiry_ = Buffer<unsigned>(*device_, tile_count(rows_), "bounds of tiles of rows");
}

int64_t CudaRows::bounds_bytes(int64_t rows) {
  return rows * static_cast<int64_t>(sizeof(float)) + tile_count(rows) * static_cast<int64_t>(sizeof(unsigned));
}

void CudaRows::use_labels(int set) {
  if (set == label_set_) return;
  const size_t most = static_cast<size_t>(std::max(set, label_set_)) + 1;
  if (label_sets_.size() < most) label_sets_.resize(most);
  std::swap(label_, label_sets_[static_cast<size_t>(label_set_)]);
  std::swap(label_, label_sets_[static_cast<size_t>(set)]);
  label_set_ = set;
  has_bounds_ = false;  // they are of the labels that were in use
  if (label_.data() != nullptr) return;
  label_ = Buffer<int32_t>(*device_, rows_, "segment labels");
  clear_labels();
}

void CudaRows::drop_other_labels() {
  label_sets_.clear();
  label_set_ = 0;
}

void CudaRows::set_weights(std::span<const int64_t> m) {
  if (!weighted_ || static_cast<int64_t>(m.size()) != rows_)
    throw Error(ErrorKind::internal, {.what = "weights do not fit the block of rows",
                                      .expected = std::to_string(weighted_ ? rows_ : 0) + " weights",
                                      .found = std::to_string(m.size())});
  weight_.upload(m);
}

void CudaRows::copy_weights(int64_t begin, std::span<int64_t> out) const {
  if (weighted_) {
    weight_.download(out, begin);
  } else {
    std::fill(out.begin(), out.end(), 1);
  }
}

void CudaRows::start_min_d2() {
  min_d2_ = Buffer<double>(*device_, rows_, "distances to the nearest seed");
  launch(*device_, "starting to seed", {device_->grid(rows_, kRowThreads)}, fill<double>, min_d2_.data(), rows_,
         std::numeric_limits<double>::infinity());
}

void CudaRows::end_min_d2() {
  min_d2_ = Buffer<double>();
}

int64_t CudaRows::bytes(int64_t rows, int d, bool weighted) {
  const int64_t per_row =
      2 * static_cast<int64_t>(sizeof(int32_t)) + (weighted ? static_cast<int64_t>(sizeof(int64_t)) : 0);
  return tiled_size(rows, d) * static_cast<int64_t>(sizeof(float)) + rows * per_row;
}

const CudaRows& own(const RowBlock& rows, const Device& device) {
  const auto* mine = dynamic_cast<const CudaRows*>(&rows);
  if (mine == nullptr || &mine->device() != &device)
    throw Error(ErrorKind::internal, {.what = "a block of rows was handed to a backend that does not own it"});
  device.use();
  return *mine;
}

CudaRows& own(RowBlock& rows, const Device& device) {
  return const_cast<CudaRows&>(own(static_cast<const RowBlock&>(rows), device));
}

void require_block_start(const CudaRows& rows) {
  if (rows.first_row() % kBlockRows == 0) return;
  throw Error(ErrorKind::internal, {.what = "a canonical sum was asked of rows that begin inside a 65,536-row block",
                                    .found = "row " + std::to_string(rows.first_row())});
}

}  // namespace clientele::gpu
