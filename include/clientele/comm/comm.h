// Ranks and what they tell each other. Always present; one rank is the trivial one. Every call is collective, in the
// same order on all ranks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace clientele {

class Comm {
 public:
  virtual ~Comm() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  /// In place, element by element, wrapping is the caller's concern.
  virtual void sum(std::span<int64_t> values) = 0;
  virtual void max(std::span<double> values) = 0;
  virtual void broadcast(std::span<std::byte> bytes, int root) = 0;
  /// The bytes of all ranks in rank order, on every rank.
  virtual std::vector<std::byte> gather(std::span<const std::byte> bytes) = 0;

  /// gather for trivially copyable elements.
  template <class T>
  std::vector<T> gather_all(std::span<const T> values) {
    const std::vector<std::byte> raw = gather(std::as_bytes(values));
    std::vector<T> out(raw.size() / sizeof(T));
    if (!raw.empty()) __builtin_memcpy(out.data(), raw.data(), raw.size());
    return out;
  }
};

/// One rank.
std::unique_ptr<Comm> make_single_comm();
/// Runs body(comm) on `ranks` threads that are the ranks of one communicator. An exception in one rank makes the
/// collective calls of the others throw Error{peer}; the first rank's own exception is rethrown.
void run_ranks(int ranks, const std::function<void(Comm&)>& body);

/// Rows [first, last) of rank `rank`: whole 65,536-row blocks, as even as can be, in rank order.
struct RowRange {
  int64_t first = 0;
  int64_t last = 0;
};
RowRange rank_rows(int64_t rows, int rank, int ranks);

}  // namespace clientele
