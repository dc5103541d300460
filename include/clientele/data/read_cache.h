// Decoded chunks of input files, shared by all of their readers: a chunk is decoded once though many pieces touch it.
// One budget of bytes for all of them, and what they could do with, for who plans memory.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "clientele/data/source.h"

namespace clientele {

/// Least recently used first out. Who finds a chunk absent claims it, decodes it outside any lock and publishes (or
/// abandons) it; others find it busy meanwhile. Thread-safe.
class ReadCache : public std::enable_shared_from_this<ReadCache> {
 public:
  using Buffer = std::shared_ptr<std::vector<std::byte>>;
  using Bytes = std::shared_ptr<const std::vector<std::byte>>;
  enum class Found { ready, claimed, busy };

  /// What one reader of one dataset holds.
  struct Reader {
    const void* file = nullptr;  ///< files are read one after another
    int threads = 1;
    int64_t call_bytes = 0;  ///< in the buffers of one call under way
    int64_t row_bytes = 0;   ///< of one row of decoded chunks: less makes it decode chunks again and again
    int64_t wish_bytes = 0;  ///< of decoded chunks; more does no good
    /// For a reader with a cache of its own: gives it up. It asks share() before it makes a new one.
    std::function<void()> drop = nullptr;
  };
  /// Of all readers.
  struct Needs {
    int64_t calls_bytes = 0;  ///< beside the chunks: calls of all threads under way
    int64_t row_bytes = 0;    ///< of the file with the largest, and of all caches of readers' own
    int64_t wish_bytes = 0;
  };

  /// At most `bytes` of decoded chunks from now on (but one chunk always). Until then: 2 GiB.
  void limit(int64_t bytes);
  /// Gives all memory back that no call has in use. Not while a reader reads.
  void drop();
  Needs needs() const;

  int64_t add(Reader reader);  ///< the reader's number
  void remove(int64_t reader);
  /// What a reader may hold, in proportion to its wish.
  int64_t share(int64_t reader) const;

  /// ready: `bytes` is set. claimed: the caller must publish or abandon it.
  Found find_or_claim(int64_t reader, int64_t chunk, Bytes& bytes);
  void publish(int64_t reader, int64_t chunk, Bytes bytes);
  void abandon(int64_t reader, int64_t chunk);
  /// Returns when nobody is decoding the chunk (any more).
  void wait(int64_t reader, int64_t chunk);

  /// A buffer for about so many bytes, one that was used before where there is one: a fresh one costs page faults that
  /// a fast reader feels.
  Buffer take(size_t bytes);

 private:
  using Key = std::pair<int64_t, int64_t>;  ///< reader, chunk
  using Vector = std::unique_ptr<std::vector<std::byte>>;
  struct Entry {
    Bytes bytes;                   ///< empty while it is being decoded
    std::list<Key>::iterator use;  ///< valid when bytes is set
  };
  /// Sums over readers.
  struct Sum {
    int64_t row_bytes = 0;
    int64_t wish_bytes = 0;
    void add(const Reader& reader, int64_t sign);
  };
  static constexpr int64_t kMostBytes = int64_t{2} << 30;

  void give(Vector bytes);
  void drop_own_caches();
  // With the lock held.
  void shrink(int64_t capacity, size_t least, std::vector<Bytes>& evicted);
  Sum& sum_of(const Reader& reader);
  Sum largest_kept() const;
  int64_t part(int64_t wish_bytes) const;
  void set_capacity();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<int64_t, Reader> readers_;
  std::map<const void*, Sum>
      kept_;  ///< by file, of chunks kept here: those of the file that is read push the others' out
  Sum own_;   ///< of readers with caches of their own, which stay whatever file is read
  std::map<Key, Entry> entries_;
  std::list<Key> uses_;  ///< latest first
  std::vector<Vector> free_;
  int64_t held_ = 0;
  int64_t limit_ = kMostBytes;
  int64_t capacity_ = 0;  ///< of chunks kept here
  size_t most_free_ = 2;  ///< what calls of all threads have under way
  int64_t next_reader_ = 0;
};

/// As open_input() of source.h, the readers sharing `cache`.
std::unique_ptr<Source> open_input(const InputSpec& spec, ThreadPool& pool, const std::shared_ptr<ReadCache>& cache);

}  // namespace clientele
