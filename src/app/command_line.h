// The arguments of the program, parsed. The only place that knows CLI11.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "settings.h"

namespace clientele {

struct GenerateArguments {
  int64_t clients = 10000;
  int64_t features = 8;
  int64_t segments = 4;
  int64_t seed = 0;
  std::string kind = "mixture";
  double separation = 4;
  bool tails = false;
  bool ids = false;
  double days = 365;
  std::string out;
};

/// One command with what it was given.
struct CommandLine {
  std::string command;  ///< "run", "plan", ...; empty: `text` is to be printed
  std::string text;     ///< help or version text
  std::string job;      ///< job file
  std::vector<std::string> sets;
  std::vector<Setting> flags;       ///< direct flags that stand for job keys
  std::string file;                 ///< inspect, assign: the HDF5 file; report: the run's folder
  std::string model;                ///< assign
  std::string layout, dataset, id;  ///< inspect, assign: how to read the file
  std::string out;                  ///< assign, doctor
  std::string device = "auto";      ///< assign
  int64_t threads = 0;              ///< assign
  std::string memory, scratch;      ///< assign
  GenerateArguments generate;
  bool force = false;
  bool csv = false;
  bool json = false;
  bool keys = false;  ///< validate --keys
  bool log_json = false;
  bool quiet = false;
};

/// Whether a JSON log is asked for, even by arguments that are wrong otherwise.
bool wants_json_log(int argc, const char* const* argv);

/// Throws Error{usage} for arguments that make no sense.
CommandLine parse_command_line(int argc, const char* const* argv);

}  // namespace clientele
