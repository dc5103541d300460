#pragma once

#include <cmath>

#include "clientele/base/json.h"

namespace clientele {

/// JSON has no NaN and no infinity: null.
inline Json json_number(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

}  // namespace clientele
