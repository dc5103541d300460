// Byte buffers that are used again: a fresh one costs page faults that a fast reader feels.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace clientele::h5 {

/// Hands out buffers of any former size and takes them back when the last owner lets go. Thread-safe.
class Buffers : public std::enable_shared_from_this<Buffers> {
 public:
  using Bytes = std::shared_ptr<std::vector<std::byte>>;

  Bytes take() {
    std::unique_ptr<std::vector<std::byte>> bytes;
    {
      const std::lock_guard<std::mutex> held(mutex_);
      if (!free_.empty()) {
        bytes = std::move(free_.back());
        free_.pop_back();
      }
    }
    if (!bytes) bytes = std::make_unique<std::vector<std::byte>>();
    return Bytes(bytes.release(), [keeper = shared_from_this()](std::vector<std::byte>* p) { keeper->give(p); });
  }

 private:
  void give(std::vector<std::byte>* bytes) {
    std::unique_ptr<std::vector<std::byte>> owned(bytes);
    const std::lock_guard<std::mutex> held(mutex_);
    if (free_.size() < kMostKept) free_.push_back(std::move(owned));
  }

  static constexpr size_t kMostKept = 64;
  std::mutex mutex_;
  std::vector<std::unique_ptr<std::vector<std::byte>>> free_;
};

}  // namespace clientele::h5
