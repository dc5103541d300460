// The CPU backend as if its memory were not the host's: what a GPU's memory does to plans and passes, without a GPU.
#pragma once

#include <memory>
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

  int can_pin = 1000, pinned_now = 0;

 private:
  std::unique_ptr<Backend> kept_;
};

}  // namespace clientele::test
