// One value somebody gave for one key of the job, before it is checked against the Spec: what, where it came from.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace clientele {

/// Ascending strength: a later layer beats an earlier one.
enum class Layer { standard, job_file, environment, command_line };

struct Origin {
  Layer layer = Layer::standard;
  std::string text = "default";  ///< "job.toml:4:1", "environment CLIENTELE_CLUSTER__K", "command line --set"
};

using Scalar = std::variant<bool, int64_t, double, std::string>;

/// A value that came as bare text (environment, command line); the Spec's type decides how it is read.
struct RawText {
  std::string text;
};

using SettingValue = std::variant<Scalar, std::vector<Scalar>, RawText>;

struct Setting {
  std::string section;  ///< "cluster", "columns.recency"
  std::string key;
  SettingValue value;
  Origin origin;
};

/// Something wrong with the job. All of them are told at once.
struct Problem {
  std::string where;  ///< an Origin's text, or the keys concerned
  std::string text;
};

/// Throws Error{usage} that lists every problem; does nothing for an empty list.
void refuse_problems(const std::vector<Problem>& problems, const std::string& job_name);

}  // namespace clientele
