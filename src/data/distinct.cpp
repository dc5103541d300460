#include "distinct.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <string_view>

#include "clientele/base/errors.h"
#include "table_source.h"

namespace clientele {
namespace {

uint64_t mix(uint64_t h) {  // the finaliser of MurmurHash3
  h = (h ^ (h >> 33)) * 0xFF51AFD7ED558CCDu;
  h = (h ^ (h >> 33)) * 0xC4CEB9FE1A85EC53u;
  return h ^ (h >> 33);
}
uint64_t hash(int64_t key) {
  return mix(static_cast<uint64_t>(key));
}
uint64_t hash(std::string_view key) {
  return mix(std::hash<std::string_view>{}(key));
}

/// Open addressing with linear probing, at most half full.
template <class Key>
class FlatTable {
 public:
  explicit FlatTable(size_t expected) {
    size_t slots = 16;
    while (slots < 2 * expected) slots *= 2;
    slots_.resize(slots);
  }

  void insert(Key key, int32_t value) {
    if (2 * (used_ + 1) > slots_.size()) grow();
    Slot& slot = find(key);
    if (slot.value >= 0) return;
    slot = {key, value};
    ++used_;
  }
  int32_t at(Key key) const { return const_cast<FlatTable*>(this)->find(key).value; }
  void append_keys(std::vector<Key>& out) const {
    for (const Slot& slot : slots_) {
      if (slot.value >= 0) out.push_back(slot.key);
    }
  }

 private:
  struct Slot {
    Key key{};
    int32_t value = -1;
  };

  Slot& find(Key key) {
    size_t at = hash(key) & (slots_.size() - 1);
    while (slots_[at].value >= 0 && slots_[at].key != key) at = (at + 1) & (slots_.size() - 1);
    return slots_[at];
  }
  void grow() {
    std::vector<Slot> old = std::move(slots_);
    slots_.assign(2 * old.size(), {});
    for (const Slot& slot : old) {
      if (slot.value >= 0) find(slot.key) = slot;
    }
  }

  std::vector<Slot> slots_;
  size_t used_ = 0;
};

/// Each worker collects its own keys; they are merged and sorted; then every row is looked up.
template <class Key, class KeyOf>
std::vector<Key> index_keys(int64_t rows, ThreadPool& pool, const KeyOf& key_of, std::vector<int32_t>& positions) {
  std::vector<FlatTable<Key>> seen(static_cast<size_t>(pool.threads()), FlatTable<Key>(1024));
  scan_blocks(pool, rows, [&](int64_t first, int64_t count, int worker) {
    for (int64_t r = first; r < first + count; ++r) seen[static_cast<size_t>(worker)].insert(key_of(r), 0);
  });
  std::vector<Key> keys;
  for (const FlatTable<Key>& table : seen) table.append_keys(keys);
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  if (keys.size() > static_cast<size_t>(std::numeric_limits<int32_t>::max())) {
    throw Error(ErrorKind::input, {"too many clients", "", "at most 2147483647", std::to_string(keys.size()), ""});
  }
  FlatTable<Key> table(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) table.insert(keys[i], static_cast<int32_t>(i));
  positions.resize(static_cast<size_t>(rows));
  scan_blocks(pool, rows, [&](int64_t first, int64_t count, int) {
    for (int64_t r = first; r < first + count; ++r) positions[static_cast<size_t>(r)] = table.at(key_of(r));
  });
  return keys;
}

}  // namespace

void index_distinct(const IdColumn& rows, ThreadPool& pool, IdColumn& clients, std::vector<int32_t>& positions) {
  clients = {};
  clients.kind = rows.kind;
  clients.name = rows.name;
  if (rows.kind == IdColumn::Kind::integer) {
    const auto key_of = [&](int64_t r) { return rows.integers[static_cast<size_t>(r)]; };
    clients.integers = index_keys<int64_t>(rows.rows, pool, key_of, positions);
    clients.rows = static_cast<int64_t>(clients.integers.size());
    return;
  }
  const auto key_of = [&](int64_t r) { return rows.view(r); };
  const std::vector<std::string_view> keys = index_keys<std::string_view>(rows.rows, pool, key_of, positions);
  clients.rows = static_cast<int64_t>(keys.size());
  clients.width = rows.width;
  clients.bytes.assign(keys.size() * static_cast<size_t>(rows.width), '\0');
  for (size_t i = 0; i < keys.size(); ++i)
    keys[i].copy(clients.bytes.data() + i * static_cast<size_t>(rows.width), keys[i].size());
}

}  // namespace clientele
