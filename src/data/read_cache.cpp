#include "clientele/data/read_cache.h"

#include <algorithm>

namespace clientele {

void ReadCache::limit(int64_t bytes) {
  std::vector<Bytes> evicted;
  {
    const std::lock_guard<std::mutex> held(mutex_);
    limit_ = std::max<int64_t>(bytes, 0);
    set_capacity();
    shrink(capacity_, 1, evicted);
  }
  drop_own_caches();
}

void ReadCache::drop() {
  std::vector<Bytes> evicted;
  {
    const std::lock_guard<std::mutex> held(mutex_);
    shrink(0, 0, evicted);
  }
  evicted.clear();  // which fills free_
  {
    const std::lock_guard<std::mutex> held(mutex_);
    free_.clear();
  }
  drop_own_caches();
}

/// Outside the lock: a reader drops its own under one of its own, under which it asks for its share.
void ReadCache::drop_own_caches() {
  std::vector<std::function<void()>> drops;
  {
    const std::lock_guard<std::mutex> held(mutex_);
    for (const auto& [number, reader] : readers_)
      if (reader.drop) drops.push_back(reader.drop);
  }
  for (const std::function<void()>& drop : drops) drop();
}

void ReadCache::File::add(const Reader& reader, int64_t sign) {
  row_bytes += sign * reader.row_bytes;
  wish_bytes += sign * reader.wish_bytes;
  own_bytes += reader.drop ? sign * reader.wish_bytes : 0;
}

ReadCache::Needs ReadCache::needs() const {
  const std::lock_guard<std::mutex> held(mutex_);
  Needs needs;
  for (const auto& [number, reader] : readers_)
    needs.calls_bytes = std::max(needs.calls_bytes, reader.threads * reader.call_bytes);
  for (const auto& [name, file] : files_) {
    needs.row_bytes = std::max(needs.row_bytes, file.row_bytes);
    needs.wish_bytes = std::max(needs.wish_bytes, std::min(file.wish_bytes, kMostBytes));
  }
  return needs;
}

int64_t ReadCache::share(int64_t number) const {
  const std::lock_guard<std::mutex> held(mutex_);
  const Reader& reader = readers_.at(number);
  const int64_t all = files_.at(reader.file).wish_bytes;
  if (all == 0) return 0;
  const double part = static_cast<double>(reader.wish_bytes) / static_cast<double>(all);
  return static_cast<int64_t>(part * static_cast<double>(std::min({all, limit_, kMostBytes})));
}

void ReadCache::set_capacity() {
  capacity_ = 0;
  for (const auto& [name, file] : files_) {
    if (file.wish_bytes == 0) continue;
    const double kept = static_cast<double>(file.wish_bytes - file.own_bytes) / static_cast<double>(file.wish_bytes);
    const double most = static_cast<double>(std::min({file.wish_bytes, limit_, kMostBytes}));
    capacity_ = std::max(capacity_, static_cast<int64_t>(kept * most));
  }
}

int64_t ReadCache::add(Reader reader) {
  const std::lock_guard<std::mutex> held(mutex_);
  files_[reader.file].add(reader, 1);
  most_free_ = std::max(most_free_, 2 * static_cast<size_t>(reader.threads));
  readers_.emplace(next_reader_, std::move(reader));
  set_capacity();
  return next_reader_++;
}

void ReadCache::remove(int64_t number) {
  std::vector<Bytes> gone;  // after the lock: their memory comes back to free_
  const std::lock_guard<std::mutex> held(mutex_);
  const auto found = readers_.find(number);
  files_[found->second.file].add(found->second, -1);
  readers_.erase(found);
  set_capacity();
  const auto end = entries_.lower_bound({number + 1, 0});
  for (auto at = entries_.lower_bound({number, 0}); at != end; at = entries_.erase(at)) {
    if (!at->second.bytes) continue;
    held_ -= static_cast<int64_t>(at->second.bytes->capacity());
    uses_.erase(at->second.use);
    gone.push_back(std::move(at->second.bytes));
  }
}

ReadCache::Found ReadCache::find_or_claim(int64_t reader, int64_t chunk, Bytes& bytes) {
  const std::lock_guard<std::mutex> held(mutex_);
  const auto [at, fresh] = entries_.try_emplace({reader, chunk});
  if (fresh) return Found::claimed;
  if (!at->second.bytes) return Found::busy;
  uses_.splice(uses_.begin(), uses_, at->second.use);
  bytes = at->second.bytes;
  return Found::ready;
}

void ReadCache::publish(int64_t reader, int64_t chunk, Bytes bytes) {
  std::vector<Bytes> evicted;  // freed after the lock
  {
    const std::lock_guard<std::mutex> held(mutex_);
    held_ += static_cast<int64_t>(bytes->capacity());
    uses_.push_front({reader, chunk});
    Entry& entry = entries_[{reader, chunk}];
    entry.bytes = std::move(bytes);
    entry.use = uses_.begin();
    shrink(capacity_, 1, evicted);
  }
  changed_.notify_all();
}

void ReadCache::shrink(int64_t capacity, size_t least, std::vector<Bytes>& evicted) {
  while (held_ > capacity && uses_.size() > least) {
    const auto last = entries_.find(uses_.back());
    held_ -= static_cast<int64_t>(last->second.bytes->capacity());
    evicted.push_back(std::move(last->second.bytes));
    entries_.erase(last);
    uses_.pop_back();
  }
}

void ReadCache::abandon(int64_t reader, int64_t chunk) {
  {
    const std::lock_guard<std::mutex> held(mutex_);
    entries_.erase({reader, chunk});
  }
  changed_.notify_all();
}

void ReadCache::wait(int64_t reader, int64_t chunk) {
  std::unique_lock<std::mutex> held(mutex_);
  changed_.wait(held, [&] {
    const auto at = entries_.find({reader, chunk});
    return at == entries_.end() || at->second.bytes;
  });
}

ReadCache::Buffer ReadCache::take(size_t bytes) {
  Vector out;
  {
    const std::lock_guard<std::mutex> held(mutex_);
    const auto fits = [&](const Vector& each) { return each->capacity() >= bytes && each->capacity() / 2 <= bytes; };
    const auto found = std::find_if(free_.begin(), free_.end(), fits);
    if (found != free_.end()) {
      out = std::move(*found);
      free_.erase(found);
    }
  }
  if (!out) {
    out = std::make_unique<std::vector<std::byte>>();
    out->reserve(bytes);
  }
  return Buffer(out.release(), [keeper = weak_from_this()](std::vector<std::byte>* p) {
    Vector owned(p);
    if (const auto cache = keeper.lock()) cache->give(std::move(owned));
  });
}

void ReadCache::give(Vector bytes) {
  Vector oldest;  // freed after the lock
  const std::lock_guard<std::mutex> held(mutex_);
  free_.push_back(std::move(bytes));
  if (free_.size() <= most_free_) return;
  oldest = std::move(free_.front());
  free_.erase(free_.begin());
}

}  // namespace clientele
