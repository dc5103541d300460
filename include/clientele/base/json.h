// The door to nlohmann-json. Keys keep the order they were added in, so that equal content is equal bytes.
#pragma once

#include <nlohmann/json.hpp>

namespace clientele {

using Json = nlohmann::ordered_json;

}  // namespace clientele
