// A backend whose blocks all lie on lent pages, so that the contract holds for those too.
#pragma once

#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "clientele/base/page_buffer.h"
#include "clientele/compute/backend.h"

namespace clientele::contract {

class PagedBackend final : public Backend {
 public:
  explicit PagedBackend(std::unique_ptr<Backend> own) : own_(std::move(own)) {}

  BackendFacts facts() const override { return own_->facts(); }
  std::unique_ptr<RowBlock> make_rows(int64_t first_row, int64_t rows, int d, bool weighted,
                                      const std::string& purpose) override {
    auto block = own_->make_paged_rows(first_row, rows, d, weighted, purpose);
    own_->lend_page(*block, new_page(*block).as<std::byte>());
    return block;
  }
  /// Takes a block's page back and lends it another with the same features, so that what comes next works on what came
  /// back.
  void turn(RowBlock& block) {
    PageBuffer& before = *lent_.at(&block);
    own_->lend_page(block, nullptr);
    PageBuffer& after = new_page(block);
    std::memcpy(after.as<std::byte>(), before.as<std::byte>(), after.bytes());
    std::memset(before.as<std::byte>(), 0xFF, before.bytes());
    own_->lend_page(block, after.as<std::byte>());
  }
  int64_t rows_bytes(int64_t rows, int d, bool weighted) const override { return own_->rows_bytes(rows, d, weighted); }
  int64_t seeding_bytes(int64_t rows) const override { return own_->seeding_bytes(rows); }
  int64_t scratch_bytes(int64_t rows, int d, int k) const override { return own_->scratch_bytes(rows, d, k); }

  ColumnOps& column_ops() override { return own_->column_ops(); }
  AssignOps& assign_ops() override { return own_->assign_ops(); }
  SampleOps& sample_ops() override { return own_->sample_ops(); }
  PairOps& pair_ops() override { return own_->pair_ops(); }

 private:
  PageBuffer& new_page(const RowBlock& block) {
    const auto bytes = static_cast<size_t>(own_->page_layout(block.d()).bytes(block.rows()));
    pages_.push_back(std::make_unique<PageBuffer>(bytes, "a page"));
    lent_[&block] = pages_.back().get();
    return *pages_.back();
  }

  std::unique_ptr<Backend> own_;
  std::vector<std::unique_ptr<PageBuffer>> pages_;
  std::map<const RowBlock*, PageBuffer*> lent_;
};

}  // namespace clientele::contract
