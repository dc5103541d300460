// The CPU backend as if its memory were not the host's: what a GPU's memory does to plans and passes, without a GPU.
#pragma once

#include <memory>
#include <set>
#include <utility>

#include "tests/support/forwarding_backend.h"

namespace clientele::test {

class ApartBackend final : public ForwardingBackend {
 public:
  explicit ApartBackend(std::unique_ptr<Backend> own) : ForwardingBackend(*own), kept_(std::move(own)) {}

  PageLayout page_layout(int d) const override {
    PageLayout layout = own_.page_layout(d);
    layout.buffers = 2;
    return layout;
  }
  /// Pins the first `can_pin` pages.
  bool pin(std::byte*, int64_t) override { return pinned_now < can_pin && ++pinned_now > 0; }
  void unpin(std::byte*) noexcept override { --pinned_now; }

  /// Keeps the copies of the first `can_copy` blocks.
  bool keep_compressed(RowBlock& rows, bool keep) override {
    copied_now -= static_cast<int>(copied_.erase(&rows));
    if (keep && copied_now < can_copy) copied_now += copied_.insert(&rows).second ? 1 : 0;
    return copied_.contains(&rows);
  }
  int64_t compressed_bytes(int64_t rows, int, int k) const override { return k > 1 ? rows * copy_bytes : 0; }

  int can_pin = 1000, pinned_now = 0;
  int can_copy = 1000, copied_now = 0;
  int64_t copy_bytes = 0;  ///< of a row; 0: copies are of no use

 private:
  std::unique_ptr<Backend> kept_;
  std::set<const RowBlock*> copied_;
};

}  // namespace clientele::test
