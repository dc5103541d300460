#include "distinct_names.h"

#include <set>

namespace clientele {

std::vector<std::string> distinct_names(const std::vector<std::string>& names) {
  std::set<std::string> taken;
  std::vector<std::string> out;
  for (const std::string& name : names) {
    std::string candidate = name;
    for (int copy = 2; !taken.insert(candidate).second; ++copy) candidate = name + " (" + std::to_string(copy) + ")";
    out.push_back(candidate);
  }
  return out;
}

}  // namespace clientele
