#include "job_layers.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <string_view>

namespace clientele {
namespace {

constexpr std::string_view kPrefix = "CLIENTELE_";

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

}  // namespace

std::map<std::string, std::string> job_environment() {
  std::map<std::string, std::string> found;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos || !text.starts_with(kPrefix)) continue;
    found.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return found;
}

std::vector<Setting> environment_settings(const std::map<std::string, std::string>& environment,
                                          std::vector<Problem>& problems) {
  std::vector<Setting> settings;
  for (const auto& [name, value] : environment) {
    if (!name.starts_with(kPrefix)) continue;
    const std::string rest = name.substr(kPrefix.size());
    const size_t first = rest.find("__");
    if (first == std::string::npos) continue;
    const size_t last = rest.rfind("__");
    std::string section = lower(rest.substr(0, first));
    const std::string key = lower(rest.substr(last + 2));
    const std::string origin = "environment " + name;
    if (first != last) section += "." + rest.substr(first + 2, last - first - 2);
    if (section.empty() || key.empty()) {
      problems.push_back({origin, "not of the form CLIENTELE_SECTION__KEY"});
      continue;
    }
    settings.push_back({section, key, RawText{value}, {Layer::environment, origin}});
  }
  return settings;
}

std::vector<Setting> set_settings(const std::vector<std::string>& assignments, std::vector<Problem>& problems) {
  std::vector<Setting> settings;
  for (const std::string& assignment : assignments) {
    const size_t equals = assignment.find('=');
    const std::string path = assignment.substr(0, equals);
    const size_t dot = path.rfind('.');
    if (equals == std::string::npos || dot == std::string::npos || dot == 0 || dot + 1 == path.size()) {
      problems.push_back({"command line --set " + assignment, "not of the form section.key=value"});
      continue;
    }
    settings.push_back({path.substr(0, dot),
                        path.substr(dot + 1),
                        RawText{assignment.substr(equals + 1)},
                        {Layer::command_line, "command line --set"}});
  }
  return settings;
}

Setting flag_setting(const std::string& section, const std::string& key, const std::string& value,
                     const std::string& flag) {
  return {section, key, RawText{value}, {Layer::command_line, "command line " + flag}};
}

}  // namespace clientele
