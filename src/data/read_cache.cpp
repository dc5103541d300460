#include "clientele/data/read_cache.h"

#include <algorithm>
#include <utility>

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

void ReadCache::Sum::add(const Reader& reader, int64_t sign) {
  row_bytes += sign * reader.row_bytes;
  wish_bytes += sign * reader.wish_bytes;
}

ReadCache::Sum ReadCache::largest_kept() const {
  Sum largest;
  for (const auto& [file, sum] : kept_) {
    largest.row_bytes = std::max(largest.row_bytes, sum.row_bytes);
    largest.wish_bytes = std::max(largest.wish_bytes, sum.wish_bytes);
  }
  return largest;
}

ReadCache::Needs ReadCache::needs() const {
  const std::lock_guard<std::mutex> held(mutex_);
  Needs needs;
  for (const auto& [number, reader] : readers_)
    needs.calls_bytes = std::max(needs.calls_bytes, reader.threads * reader.call_bytes);
  const Sum kept = largest_kept();
  needs.row_bytes = kept.row_bytes + own_.row_bytes;
  needs.wish_bytes = std::min(kept.wish_bytes + own_.wish_bytes, kMostBytes);
  return needs;
}

int64_t ReadCache::share(int64_t number) const {
  const std::lock_guard<std::mutex> held(mutex_);
  return part(readers_.at(number).wish_bytes);
}

/// Of the budget, in proportion to all wishes that may be granted at once.
int64_t ReadCache::part(int64_t wish_bytes) const {
  const int64_t all = largest_kept().wish_bytes + own_.wish_bytes;
  if (all == 0) return 0;
  const double budget = static_cast<double>(std::min({all, limit_, kMostBytes}));
  return static_cast<int64_t>(static_cast<double>(wish_bytes) / static_cast<double>(all) * budget);
}

void ReadCache::set_capacity() {
  capacity_ = part(largest_kept().wish_bytes);
}

ReadCache::Sum& ReadCache::sum_of(const Reader& reader) {
  return reader.drop ? own_ : kept_[reader.file];
}

int64_t ReadCache::add(Reader reader) {
  const std::lock_guard<std::mutex> held(mutex_);
  sum_of(reader).add(reader, 1);
  most_free_ = std::max(most_free_, 2 * static_cast<size_t>(reader.threads));
  readers_.emplace(next_reader_, std::move(reader));
  set_capacity();
  return next_reader_++;
}

void ReadCache::remove(int64_t number) {
  std::vector<Bytes> gone;  // after the lock: their memory comes back to free_
  const std::lock_guard<std::mutex> held(mutex_);
  const auto found = readers_.find(number);
  sum_of(found->second).add(found->second, -1);
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
  Bytes before;  // dies after the lock, which its buffer may want
  const std::lock_guard<std::mutex> held(mutex_);
  const auto [at, fresh] = entries_.try_emplace({reader, chunk});
  if (fresh) return Found::claimed;
  if (!at->second.bytes) return Found::busy;
  uses_.splice(uses_.begin(), uses_, at->second.use);
  before = std::exchange(bytes, at->second.bytes);
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
