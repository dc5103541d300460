// Small valid files of every layout, to start fuzzing the readers from.
#pragma once

#include <string>
#include <vector>

namespace clientele::test {

/// Writes them into `folder` and returns their paths.
std::vector<std::string> write_read_seeds(const std::string& folder);

}  // namespace clientele::test
