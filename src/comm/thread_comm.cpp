#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>

#include "clientele/base/errors.h"
#include "clientele/base/float_environment.h"
#include "clientele/comm/comm.h"

namespace clientele {

namespace {

enum class Call { none, sum, max, broadcast, gather };

const char* name_of(Call call) {
  switch (call) {
    case Call::sum:
      return "sum";
    case Call::max:
      return "max";
    case Call::broadcast:
      return "broadcast";
    case Call::gather:
      return "gather";
    case Call::none:
      break;
  }
  return "nothing";
}

/// What one rank brings to a collective call: where its values lie until all have read them.
struct Offer {
  Call call = Call::none;
  const void* data = nullptr;
  size_t count = 0;
  int root = 0;
};

/// What the ranks of one run_ranks share.
class Meeting {
 public:
  explicit Meeting(int ranks) : offers(static_cast<size_t>(ranks)) {}

  /// Returns once every rank has come here; throws Error{peer} if one never will.
  void wait() {
    std::unique_lock lock(guard_);
    if (lost_) throw lost_peer();
    if (++waiting_ == offers.size()) {
      waiting_ = 0;
      ++round_;
      all_here_.notify_all();
      return;
    }
    const uint64_t round = round_;
    all_here_.wait(lock, [&] { return round != round_ || lost_; });
    if (round == round_) throw lost_peer();
  }

  /// A rank failed, or returned: it will come to no further wait().
  void leave(int rank, bool failed) {
    const std::lock_guard lock(guard_);
    if (!lost_) {
      lost_ = true;
      reason_ = "rank " + std::to_string(rank) + (failed ? " failed" : " has ended");
    }
    all_here_.notify_all();
  }

  std::vector<Offer> offers;

 private:
  Error lost_peer() const { return Error{ErrorKind::peer, {.what = "another rank is lost", .found = reason_}}; }

  std::mutex guard_;
  std::condition_variable all_here_;
  size_t waiting_ = 0;
  uint64_t round_ = 0;
  bool lost_ = false;
  std::string reason_;
};

class ThreadComm : public Comm {
 public:
  ThreadComm(Meeting& meeting, int rank) : meeting_(meeting), rank_(rank) {}

  int rank() const override { return rank_; }
  int size() const override { return static_cast<int>(meeting_.offers.size()); }

  void sum(std::span<int64_t> values) override {
    // Unsigned, because wrapping is the caller's concern and no fault here.
    fold(Call::sum, values, [](int64_t a, int64_t b) {
      return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
    });
  }

  void max(std::span<double> values) override {
    fold(Call::max, values, [](double a, double b) { return b > a || b != b ? b : a; });
  }

  void broadcast(std::span<std::byte> bytes, int root) override {
    meet({Call::broadcast, bytes.data(), bytes.size(), root});
    if (root != rank_ && !bytes.empty()) {
      __builtin_memcpy(bytes.data(), meeting_.offers[static_cast<size_t>(root)].data, bytes.size());
    }
    wait();
  }

  std::vector<std::byte> gather(std::span<const std::byte> bytes) override {
    meet({Call::gather, bytes.data(), bytes.size(), 0});
    std::vector<std::byte> all;
    for (const Offer& offer : meeting_.offers) {
      const std::byte* data = static_cast<const std::byte*>(offer.data);
      all.insert(all.end(), data, data + offer.count);
    }
    wait();
    return all;
  }

  /// Whether a lost peer was reported to this rank, so that what it throws is no fault of its own.
  bool told() const { return told_; }

 private:
  template <class T, class Operation>
  void fold(Call call, std::span<T> values, Operation operation) {
    meet({call, values.data(), values.size(), 0});
    std::vector<T> all(values.size());
    for (size_t r = 0; r < meeting_.offers.size(); ++r) {
      const T* theirs = static_cast<const T*>(meeting_.offers[r].data);
      for (size_t i = 0; i < all.size(); ++i) all[i] = r == 0 ? theirs[i] : operation(all[i], theirs[i]);
    }
    wait();
    std::copy(all.begin(), all.end(), values.begin());
  }

  /// Shows the own offer, waits for all and checks that they are of one kind.
  void meet(const Offer& offer) {
    if (offer.root < 0 || offer.root >= size()) {
      throw Error{ErrorKind::internal,
                  {.what = "broadcast from a rank that does not exist",
                   .expected = "0 to " + std::to_string(size() - 1),
                   .found = std::to_string(offer.root)}};
    }
    meeting_.offers[static_cast<size_t>(rank_)] = offer;
    wait();
    for (size_t r = 0; r < meeting_.offers.size(); ++r) {
      const Offer& other = meeting_.offers[r];
      const bool same_size = offer.call == Call::gather || other.count == offer.count;
      if (other.call == offer.call && other.root == offer.root && same_size) continue;
      throw Error{ErrorKind::internal,
                  {.what = "ranks disagree about a collective call",
                   .where = "rank " + std::to_string(rank_),
                   .expected = text_of(offer),
                   .found = text_of(other) + " on rank " + std::to_string(r)}};
    }
  }

  static std::string text_of(const Offer& offer) {
    return std::string(name_of(offer.call)) + " of " + std::to_string(offer.count) + " (root " +
           std::to_string(offer.root) + ")";
  }

  void wait() {
    try {
      meeting_.wait();
    } catch (...) {
      told_ = true;
      throw;
    }
  }

  Meeting& meeting_;
  int rank_;
  bool told_ = false;
};

/// One rank's life. Returns what it threw.
struct Ending {
  std::exception_ptr failure;
  bool told = false;
};

Ending live(Meeting& meeting, int rank, const std::function<void(Comm&)>& body) {
  use_default_float_environment();
  ThreadComm comm(meeting, rank);
  Ending ending;
  try {
    body(comm);
  } catch (...) {
    ending = {std::current_exception(), comm.told()};
  }
  meeting.leave(rank, ending.failure != nullptr);
  return ending;
}

}  // namespace

void run_ranks(int ranks, const std::function<void(Comm&)>& body) {
  if (ranks < 1) {
    throw Error{ErrorKind::internal,
                {.what = "wrong number of ranks",
                 .where = "run_ranks",
                 .expected = "1 or more",
                 .found = std::to_string(ranks)}};
  }
  Meeting meeting(ranks);
  std::vector<Ending> endings(static_cast<size_t>(ranks));
  std::vector<std::thread> threads;
  std::exception_ptr not_started;
  for (int rank = 0; rank < ranks && !not_started; ++rank) {
    try {
      threads.emplace_back([&, rank] { endings[static_cast<size_t>(rank)] = live(meeting, rank, body); });
    } catch (const std::system_error&) {
      not_started = std::current_exception();
      meeting.leave(rank, true);
    }
  }
  for (std::thread& thread : threads) thread.join();
  if (not_started) std::rethrow_exception(not_started);
  // A rank's own fault before those that only heard of it.
  for (const bool told : {false, true})
    for (const Ending& ending : endings)
      if (ending.failure && ending.told == told) std::rethrow_exception(ending.failure);
}

}  // namespace clientele
