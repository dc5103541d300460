// JSON as indented lines for people.
#pragma once

#include <string>

#include "clientele/base/json.h"

namespace clientele {

/// "key: value" lines; objects indent, a list of plain values stands on one line, each object of a list on a line of
/// its own.
std::string json_lines(const Json& json, int indent = 0);

}  // namespace clientele
