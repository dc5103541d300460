#include "chunk_cache.h"

namespace clientele::h5 {

ChunkCache::Found ChunkCache::find_or_claim(int64_t chunk, Bytes& bytes) {
  const std::lock_guard<std::mutex> held(mutex_);
  const auto [at, fresh] = entries_.try_emplace(chunk);
  if (fresh) return Found::claimed;
  if (!at->second.bytes) return Found::busy;
  uses_.splice(uses_.begin(), uses_, at->second.use);
  bytes = at->second.bytes;
  return Found::ready;
}

void ChunkCache::publish(int64_t chunk, Bytes bytes) {
  std::vector<Bytes> evicted;  // freed after the lock
  {
    const std::lock_guard<std::mutex> held(mutex_);
    held_ += bytes->size();
    uses_.push_front(chunk);
    Entry& entry = entries_[chunk];
    entry.bytes = std::move(bytes);
    entry.use = uses_.begin();
    while (held_ > capacity_ && uses_.size() > 1) {
      const auto last = entries_.find(uses_.back());
      held_ -= last->second.bytes->size();
      evicted.push_back(std::move(last->second.bytes));
      entries_.erase(last);
      uses_.pop_back();
    }
  }
  changed_.notify_all();
}

void ChunkCache::abandon(int64_t chunk) {
  {
    const std::lock_guard<std::mutex> held(mutex_);
    entries_.erase(chunk);
  }
  changed_.notify_all();
}

void ChunkCache::wait(int64_t chunk) {
  std::unique_lock<std::mutex> held(mutex_);
  changed_.wait(held, [&] {
    const auto at = entries_.find(chunk);
    return at == entries_.end() || at->second.bytes;
  });
}

}  // namespace clientele::h5
