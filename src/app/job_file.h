// The job file (TOML) as a list of settings. The only place that knows toml++.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "settings.h"

namespace clientele {

/// Every key = value of the file with its line and column; what has no place in a job (a key outside any section, a
/// table where a value belongs) goes to `problems`. Throws Error{usage} for a file that cannot be read or is no TOML.
std::vector<Setting> read_job_file(const std::filesystem::path& path, std::vector<Problem>& problems);

/// The same for text; `name` stands in origins.
std::vector<Setting> parse_job(const std::string& text, const std::string& name, std::vector<Problem>& problems);

}  // namespace clientele
