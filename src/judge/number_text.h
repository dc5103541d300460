#pragma once

#include <charconv>
#include <cmath>
#include <string>

namespace clientele {

/// The shortest text that reads back as the same double; empty for NaN.
inline std::string number_text(double value) {
  if (std::isnan(value)) return "";
  char text[40];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return {text, end};
}

}  // namespace clientele
