// The layers above the job file: environment variables and the command line.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "settings.h"

namespace clientele {

/// CLIENTELE_<SECTION>__<KEY>=value, section and key in upper case: CLIENTELE_CLUSTER__K=5. For the named sections the
/// name stands in the middle, as it is: CLIENTELE_COLUMNS__income__WEIGHT=2. Variables without a double underscore
/// after the prefix are none of ours. `environment`: name -> value.
std::vector<Setting> environment_settings(const std::map<std::string, std::string>& environment,
                                          std::vector<Problem>& problems);

/// The CLIENTELE_ variables of this process.
std::map<std::string, std::string> job_environment();

/// "section.key=value" as given to --set; "columns.X.key=value" for the named sections (X may contain dots).
std::vector<Setting> set_settings(const std::vector<std::string>& assignments, std::vector<Problem>& problems);

/// A direct flag (--out) as the key it stands for.
Setting flag_setting(const std::string& section, const std::string& key, const std::string& value,
                     const std::string& flag);

}  // namespace clientele
