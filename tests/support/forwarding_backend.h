// A backend that hands everything on to another one: what test doubles change a part of.
#pragma once

#include <string>

#include "clientele/compute/backend.h"

namespace clientele::test {

class ForwardingBackend : public Backend {
 public:
  /// `own` must outlive it.
  explicit ForwardingBackend(Backend& own) : own_(own) {}

  BackendFacts facts() const override { return own_.facts(); }
  std::unique_ptr<RowBlock> make_rows(int64_t first_row, int64_t rows, int d, bool weighted,
                                      const std::string& purpose) override {
    return own_.make_rows(first_row, rows, d, weighted, purpose);
  }
  std::unique_ptr<RowBlock> make_paged_rows(int64_t first_row, int64_t rows, int d, bool weighted,
                                            const std::string& purpose) override {
    return own_.make_paged_rows(first_row, rows, d, weighted, purpose);
  }
  PageLayout page_layout(int d) const override { return own_.page_layout(d); }
  void lend_page(RowBlock& rows, std::byte* page) override { own_.lend_page(rows, page); }
  int64_t lend_rows(RowBlock& rows, std::byte* page, std::span<const LocalRows> wanted) override {
    return own_.lend_rows(rows, page, wanted);
  }
  bool keep_compressed(RowBlock& rows, bool keep) override { return own_.keep_compressed(rows, keep); }
  int64_t compressed_bytes(int64_t rows, int d, int k) const override { return own_.compressed_bytes(rows, d, k); }
  bool pin(std::byte* memory, int64_t bytes) override { return own_.pin(memory, bytes); }
  void unpin(std::byte* memory) noexcept override { own_.unpin(memory); }
  int64_t rows_bytes(int64_t rows, int d, bool weighted) const override { return own_.rows_bytes(rows, d, weighted); }
  int64_t seeding_bytes(int64_t rows) const override { return own_.seeding_bytes(rows); }
  int64_t scratch_bytes(int64_t rows, int d, int k) const override { return own_.scratch_bytes(rows, d, k); }
  int64_t extra_bytes(int64_t rows, int d, int k) const override { return own_.extra_bytes(rows, d, k); }
  void allow_extra(int64_t bytes) override { own_.allow_extra(bytes); }

  ColumnOps& column_ops() override { return own_.column_ops(); }
  AssignOps& assign_ops() override { return own_.assign_ops(); }
  SampleOps& sample_ops() override { return own_.sample_ops(); }
  PairOps& pair_ops() override { return own_.pair_ops(); }

 protected:
  Backend& own_;
};

}  // namespace clientele::test
