// Where to do it: handles, no configuration. Interfaces only; app implements them, tests use the silent ones below.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "clientele/base/thread_pool.h"
#include "clientele/comm/comm.h"
#include "clientele/compute/backend.h"

namespace clientele {

/// Algorithms are silent: they call this and return values. Every call may throw Error{interrupted}; calls are cheap
/// and thread-safe.
class Progress {
 public:
  virtual ~Progress() = default;
  /// total units of the stage (rows, iterations); 0 when unknown. `unit` is a plural noun.
  virtual void stage(const std::string& name, int64_t total, const std::string& unit) = 0;
  virtual void advance(int64_t units) = 0;
  /// One line of news: "iteration 12: 3.1 % of rows moved".
  virtual void note(const std::string& text) = 0;
};

/// Does nothing but look for a cancel request.
class SilentProgress : public Progress {
 public:
  void stage(const std::string& name, int64_t total, const std::string& unit) override;
  void advance(int64_t units) override;
  void note(const std::string& text) override;
};

/// What a job's memory limit leaves to stages that can do with less. 0: as much as they like.
struct MemoryShare {
  int64_t features_bytes = 0;  ///< for normalised features, of the backend's memory; those beyond it lie on pages
  int64_t pages_bytes = 0;     ///< of the host's memory, for pages that the backend copies to memory of its own
  int compressed_k = 0;        ///< rows on pages may have compressed copies, for passes over so many segments; 0: none
  int64_t tables_bytes = 0;    ///< for count tables and gathered values of exact quantiles, all threads together
  std::string scratch;         ///< folder of the scratch file
};

struct Env {
  ThreadPool& pool;
  Backend& backend;
  Comm& comm;
  Progress& progress;
  int64_t block_rows =
      0;  ///< rows of a RowBlock: 0 is all of the rank's in one block; else a multiple of 65,536 is used
  int64_t piece_rows = 8192;          ///< rows of one read inside a 65,536-row block
  std::vector<std::string> warnings;  ///< collected for the report and run.json, each a full sentence
  MemoryShare memory = {};
};

}  // namespace clientele
