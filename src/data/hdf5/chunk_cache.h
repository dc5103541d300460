// Decoded chunks shared by several readers, so that a chunk is decoded once though many pieces touch it.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace clientele::h5 {

/// Least recently used first out. Who finds a chunk absent claims it, decodes it outside any lock and publishes (or
/// abandons) it; others find it busy meanwhile. Thread-safe.
class ChunkCache {
 public:
  using Bytes = std::shared_ptr<const std::vector<std::byte>>;
  enum class Found { ready, claimed, busy };

  explicit ChunkCache(size_t capacity_bytes) : capacity_(capacity_bytes) {}

  /// ready: `bytes` is set. claimed: the caller must publish or abandon it.
  Found find_or_claim(int64_t chunk, Bytes& bytes);
  void publish(int64_t chunk, Bytes bytes);
  void abandon(int64_t chunk);
  /// Returns when nobody is decoding the chunk (any more).
  void wait(int64_t chunk);

 private:
  struct Entry {
    Bytes bytes;                       ///< empty while it is being decoded
    std::list<int64_t>::iterator use;  ///< valid when bytes is set
  };

  std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_map<int64_t, Entry> entries_;
  std::list<int64_t> uses_;  ///< latest first
  size_t held_ = 0;
  size_t capacity_;
};

}  // namespace clientele::h5
