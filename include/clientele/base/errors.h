// The one exception type. It ends the job; expected outcomes (not converged, an empty segment, a dropped column) are
// values. Only main catches, but to translate a third party's error at its door.
#pragma once

#include <stdexcept>
#include <string>

namespace clientele {

/// The kind is the process' exit code.
enum class ErrorKind : int {
  internal = 1,
  usage = 2,
  input = 3,
  files = 4,
  device = 5,
  peer = 6,
  quality = 9,
  interrupted = 130,
  terminated = 143,
};

/// What a message always says. Fields that make no sense in a case stay empty and are left out of the text (and may be
/// left out of the initialiser, hence the defaults).
struct Complaint {
  std::string what = {};      ///< "dataset has the wrong rank"
  std::string where = {};     ///< "clients.h5:/matrix" or "job.toml: cluster.k"
  std::string expected = {};  ///< "2 dimensions"
  std::string found = {};     ///< "3 (10 x 4 x 2)"
  std::string hint = {};      ///< one sentence that says what to do
};

class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, Complaint complaint);

  ErrorKind kind() const { return kind_; }
  int exit_code() const { return static_cast<int>(kind_); }
  const Complaint& complaint() const { return complaint_; }

 private:
  ErrorKind kind_;
  Complaint complaint_;
};

/// "what (where): expected X, found Y\n  hint: H"
std::string format(const Complaint& complaint);

}  // namespace clientele
