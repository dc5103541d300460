// The door to the HDF5 library: its lock, owned handles, and its errors as ours. The library of this system is not
// thread-safe, so every call is made while an h5::Lock is held; handles close themselves under it.
#pragma once

#include <hdf5.h>

#include <cstdint>
#include <ctime>
#include <mutex>
#include <string>
#include <utility>

#include "clientele/base/errors.h"

namespace clientele::h5 {

/// Holds the one lock around the library; may be nested in a thread. The first one starts the library: no clean-up at
/// exit (a failed write at close would end in SIGSEGV), no printing of errors, no plugins loaded from folders.
class Lock {
 public:
  Lock();
  ~Lock();
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  /// Whether the calling thread holds it. For signal handlers too.
  static bool held_here();

  /// Who holds it now; each time that a thread takes it is another turn.
  struct Holder {
    bool busy = false;
    uint64_t turn = 0;
    clockid_t clock = 0;  ///< processor time of that thread
  };
  static Holder holder();

 private:
  std::unique_lock<std::recursive_mutex> held_;
};

/// Owns one identifier. Empty when the identifier is negative.
class Handle {
 public:
  using Closer = herr_t (*)(hid_t);

  Handle() = default;
  Handle(hid_t id, Closer closer) : id_(id), closer_(closer) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), closer_(other.closer_) {}
  Handle& operator=(Handle&& other) noexcept {
    if (this != &other) {
      reset();
      id_ = std::exchange(other.id_, -1);
      closer_ = other.closer_;
    }
    return *this;
  }
  ~Handle() { reset(); }

  hid_t id() const { return id_; }
  operator hid_t() const { return id_; }
  bool valid() const { return id_ >= 0; }
  /// Closes now. Negative where the library could not close it (a writer must look: data may be lost).
  herr_t reset() noexcept;

 private:
  hid_t id_ = -1;
  Closer closer_ = nullptr;
};

/// What the library said last, innermost message first, and clears it; empty if it said nothing.
std::string take_library_message();

/// Throws Error{kind, {what, where, found: the library's words}} if result is negative, else returns it.
template <class Result>
Result check(Result result, ErrorKind kind, const char* what, const std::string& where) {
  if (result < 0) throw Error(kind, {what, where, "", take_library_message(), ""});
  return result;
}

/// check() for a call that returns an identifier.
inline Handle own(hid_t id, Handle::Closer closer, ErrorKind kind, const char* what, const std::string& where) {
  return Handle(check(id, kind, what, where), closer);
}

}  // namespace clientele::h5
