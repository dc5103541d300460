#include "clientele/base/control_groups.h"

#include <fstream>
#include <sstream>

namespace clientele {

namespace fs = std::filesystem;

namespace {

bool lists(const std::string& controllers, const std::string& controller) {
  std::istringstream in(controllers);
  for (std::string name; std::getline(in, name, ',');)
    if (name == controller) return true;
  return false;
}

}  // namespace

void each_control_group(const fs::path& root, const std::string& self_cgroup, const std::string& controller,
                        const std::function<void(const fs::path&, bool)>& body) {
  std::istringstream lines(self_cgroup);
  for (std::string line; std::getline(lines, line);) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool second_version = controllers.empty();
    if (!second_version && !lists(controllers, controller)) continue;
    const fs::path top = second_version ? root : root / controllers;
    // Inside a container the path may be the host's and not exist here; the groups above it then still count.
    fs::path group = fs::path(line.substr(second + 1)).relative_path();
    for (bool more = true; more;) {
      body(top / group, second_version);
      more = !group.empty();
      group = group.parent_path();
    }
  }
}

std::string own_control_groups() {
  std::ifstream in("/proc/self/cgroup");
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace clientele
