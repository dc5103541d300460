// A backend whose blocks all lie on lent pages, so that the contract holds for those too.
#pragma once

#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "clientele/base/page_buffer.h"
#include "tests/support/forwarding_backend.h"

namespace clientele::contract {

class PagedBackend final : public test::ForwardingBackend {
 public:
  explicit PagedBackend(std::unique_ptr<Backend> own) : ForwardingBackend(*own), kept_(std::move(own)) {}

  std::unique_ptr<RowBlock> make_rows(int64_t first_row, int64_t rows, int d, bool weighted,
                                      const std::string& purpose) override {
    auto block = own_.make_paged_rows(first_row, rows, d, weighted, purpose);
    own_.lend_page(*block, new_page(*block).as<std::byte>());
    return block;
  }
  /// Takes a block's page back and lends it another with the same features, so that what comes next works on what came
  /// back.
  void turn(RowBlock& block) {
    PageBuffer& before = *lent_.at(&block);
    own_.lend_page(block, nullptr);
    PageBuffer& after = new_page(block);
    std::memcpy(after.as<std::byte>(), before.as<std::byte>(), after.bytes());
    std::memset(before.as<std::byte>(), 0xFF, before.bytes());
    own_.lend_page(block, after.as<std::byte>());
  }
  /// To the outside it has no pages.
  PageLayout page_layout(int) const override { return {}; }

 private:
  PageBuffer& new_page(const RowBlock& block) {
    const auto bytes = static_cast<size_t>(own_.page_layout(block.d()).bytes(block.rows()));
    pages_.push_back(std::make_unique<PageBuffer>(bytes, "a page"));
    lent_[&block] = pages_.back().get();
    return *pages_.back();
  }

  std::unique_ptr<Backend> kept_;
  std::vector<std::unique_ptr<PageBuffer>> pages_;
  std::map<const RowBlock*, PageBuffer*> lent_;
};

}  // namespace clientele::contract
