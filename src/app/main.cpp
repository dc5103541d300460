#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <utility>

#include "clientele/base/errors.h"
#include "clientele/base/json.h"
#include "clientele/data/crash_guard.h"
#include "command_line.h"
#include "commands.h"
#include "display.h"
#include "signals.h"
#include "stdout_text.h"

namespace {

using clientele::CommandLine;
using clientele::Error;

int dispatch(const CommandLine& line) {
  using Command = int (*)(const CommandLine&);
  static constexpr std::array<std::pair<const char*, Command>, 9> kCommands = {{
      {"run", clientele::run_command},
      {"plan", clientele::plan_command},
      {"validate", clientele::validate_command},
      {"inspect", clientele::inspect_command},
      {"assign", clientele::assign_command},
      {"doctor", clientele::doctor_command},
      {"generate", clientele::generate_command},
      {"report", clientele::report_command},
      {"version", clientele::version_command},
  }};
  for (const auto& [name, command] : kCommands)
    if (line.command == name) return command(line);
  clientele::write_stdout(line.text);
  return 0;
}

/// Only `what` may have lines: the list of a job's problems.
clientele::Complaint printable(const clientele::Complaint& complaint) {
  using clientele::printable;
  std::string what;
  for (size_t start = 0; start <= complaint.what.size();) {
    const size_t end = std::min(complaint.what.find('\n', start), complaint.what.size());
    what += (start == 0 ? "" : "\n") + printable(complaint.what.substr(start, end - start));
    start = end + 1;
  }
  return {what, printable(complaint.where), printable(complaint.expected), printable(complaint.found),
          printable(complaint.hint)};
}

/// A failure as text, or as the last event of a JSON log.
std::string told(bool json, int code, const clientele::Complaint& complaint) {
  if (!json) return "error: " + clientele::format(printable(complaint)) + '\n';
  const clientele::Json event = {{"event", "summary"},
                                 {"status", "failed"},
                                 {"exit_code", code},
                                 {"error",
                                  {{"what", complaint.what},
                                   {"where", complaint.where},
                                   {"expected", complaint.expected},
                                   {"found", complaint.found},
                                   {"hint", complaint.hint}}}};
  return event.dump(-1, ' ', false, clientele::Json::error_handler_t::replace) + '\n';
}

int tell(bool json, int code, const clientele::Complaint& complaint) {
  const std::string text = told(json, code, complaint);
  std::fwrite(text.data(), 1, text.size(), stderr);
  return code;
}

void guard_against_damaged_files(bool json) {
  constexpr int kInput = static_cast<int>(clientele::ErrorKind::input);
  clientele::install_crash_guard(kInput, [json](const std::string& path) {
    return told(json, kInput,
                {.what = "the HDF5 library crashed or hung on an input file, which must be damaged",
                 .where = path,
                 .expected = "a valid HDF5 file",
                 .hint = "Write or copy the file again; `h5dump -H` may show how far it can be read."});
  });
}

}  // namespace

int main(int argc, char** argv) {
  CommandLine line;
  constexpr int kInternal = static_cast<int>(clientele::ErrorKind::internal);
  try {
    clientele::install_signal_handlers();
    line.log_json = clientele::wants_json_log(argc, argv);
    guard_against_damaged_files(line.log_json);
    line = clientele::parse_command_line(argc, argv);
    return dispatch(line);
  } catch (const Error& error) {
    return tell(line.log_json, error.exit_code(), error.complaint());
  } catch (const std::bad_alloc&) {
    return tell(
        line.log_json, kInternal,
        {.what = "out of memory",
         .hint = "Use a machine with more memory, or fewer rows (input.rows); `clientele plan` estimates the need."});
  } catch (const std::exception& error) {
    return tell(line.log_json, kInternal,
                {.what = "internal fault",
                 .found = error.what(),
                 .hint = "This is a fault of the program; please report it with the job file."});
  }
}
