// What a person or a log sees of a running job: a one-line bar on a terminal, plain heartbeat lines in a log, or one
// JSON event a line.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "clientele/base/json.h"
#include "clientele/env/env.h"

namespace clientele {

struct DisplayOptions {
  bool json = false;      ///< --log-format json
  bool quiet = false;     ///< --quiet: errors, warnings and the summary event of a JSON log only
  bool terminal = false;  ///< a bar that is redrawn in place
  bool colour = false;
};
/// What standard error can show; honours NO_COLOR.
DisplayOptions display_options(bool json, bool quiet);

/// Writes to `out` (standard error). advance() is cheap; the bar is redrawn at most 10 times a second, heartbeats come
/// at the start of each stage and every 30 s. Every call but the destructor throws Error{interrupted} or
/// Error{terminated} after a cancel request.
class Display : public Progress {
 public:
  Display(const DisplayOptions& options, std::FILE* out);
  ~Display() override;
  Display(const Display&) = delete;
  Display& operator=(const Display&) = delete;

  void stage(const std::string& name, int64_t total, const std::string& unit) override;
  void advance(int64_t units) override;
  void note(const std::string& text) override;

  /// A line that --quiet does not hide.
  void warn(const std::string& text);
  /// Ends the bar; `summary` is the last event of a JSON log, `lines` what a person reads.
  void finish(const Json& summary, const std::vector<std::string>& lines);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Text of files and job files as a terminal may show it: control characters and bytes that are no UTF-8 as \\xNN, line
/// ends as \\n, so that no name can move the cursor or look like a message.
std::string printable(const std::string& text);

/// Rounded for reading: "1,234,567", "12.3 s", "2 min 05 s", "1.3 GiB".
std::string readable_count(int64_t n);
std::string readable_seconds(double seconds);
std::string readable_bytes(double bytes);

}  // namespace clientele
