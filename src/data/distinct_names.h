// Segment names as categories: a table's categories must differ from one another.
#pragma once

#include <string>
#include <vector>

namespace clientele {

/// The names in order; one that stood before gets " (2)", " (3)", ... so that all differ.
std::vector<std::string> distinct_names(const std::vector<std::string>& names);

}  // namespace clientele
