// The CPU backend as if its memory were not the host's: what a GPU's memory does to plans and passes, without a GPU.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "clientele/compute/backend.h"

namespace clientele::test {

class ApartBackend final : public Backend {
 public:
  explicit ApartBackend(std::unique_ptr<Backend> own) : own_(std::move(own)) {}

  BackendFacts facts() const override { return own_->facts(); }
  std::unique_ptr<RowBlock> make_rows(int64_t first_row, int64_t rows, int d, bool weighted,
                                      const std::string& purpose) override {
    return own_->make_rows(first_row, rows, d, weighted, purpose);
  }
  std::unique_ptr<RowBlock> make_paged_rows(int64_t first_row, int64_t rows, int d, bool weighted,
                                            const std::string& purpose) override {
    return own_->make_paged_rows(first_row, rows, d, weighted, purpose);
  }
  PageLayout page_layout(int d) const override {
    PageLayout layout = own_->page_layout(d);
    layout.buffers = 2;
    return layout;
  }
  void lend_page(RowBlock& rows, std::byte* page) override { own_->lend_page(rows, page); }
  /// Pins the first `can_pin` pages.
  bool pin(std::byte*, int64_t) override { return pinned_now < can_pin && ++pinned_now > 0; }
  void unpin(std::byte*) noexcept override { --pinned_now; }
  int64_t rows_bytes(int64_t rows, int d, bool weighted) const override { return own_->rows_bytes(rows, d, weighted); }
  int64_t seeding_bytes(int64_t rows) const override { return own_->seeding_bytes(rows); }
  int64_t scratch_bytes(int64_t rows, int d, int k) const override { return own_->scratch_bytes(rows, d, k); }

  ColumnOps& column_ops() override { return own_->column_ops(); }
  AssignOps& assign_ops() override { return own_->assign_ops(); }
  SampleOps& sample_ops() override { return own_->sample_ops(); }
  PairOps& pair_ops() override { return own_->pair_ops(); }

  int can_pin = 1000, pinned_now = 0;

 private:
  std::unique_ptr<Backend> own_;
};

}  // namespace clientele::test
