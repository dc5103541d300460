// Settings laid over the Specs' defaults: types, ranges, choices and unknown keys checked, origins kept.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "job.h"
#include "settings.h"

namespace clientele {

/// A job with the origin of every value, by "section.key".
struct BoundJob {
  Job job;
  std::map<std::string, Origin> origins;

  bool given(const std::string& key) const {
    const auto found = origins.find(key);
    return found != origins.end() && found->second.layer != Layer::standard;
  }
};

/// `settings` in ascending strength: the last value of a key wins, all of them are checked.
BoundJob bind_job(const std::vector<Setting>& settings, std::vector<Problem>& problems);

}  // namespace clientele
