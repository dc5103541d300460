#include <cmath>
#include <cstdio>

#include "display.h"

namespace clientele {

namespace {

/// Length of the UTF-8 character at `at` that a terminal can show; 0: none is there.
size_t shown_character(const std::string& text, size_t at) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const unsigned first = byte(at);
  if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : 0;
  const size_t length = first >= 0xf0 && first < 0xf5 ? 4 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (length == 0 || first >= 0xf5) return 0;
  for (size_t i = 1; i < length; ++i)
    if ((byte(at + i) & 0xc0U) != 0x80) return 0;
  return first == 0xc2 && byte(at + 1) < 0xa0 ? 0 : length;
}

}  // namespace

std::string printable(const std::string& text) {
  std::string shown;
  for (size_t at = 0; at < text.size();) {
    if (const size_t length = shown_character(text, at); length > 0) {
      shown.append(text, at, length);
      at += length;
      continue;
    }
    char escape[8];
    std::snprintf(escape, sizeof escape, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(text[at])));
    shown += text[at] == '\n' ? "\\n" : escape;
    ++at;
  }
  return shown;
}

std::string readable_count(int64_t n) {
  std::string digits = std::to_string(n < 0 ? -n : n);
  for (size_t at = digits.size(); at > 3;) digits.insert(at -= 3, 1, ',');
  return n < 0 ? '-' + digits : digits;
}

std::string readable_seconds(double seconds) {
  char text[48];
  if (seconds < 60) {
    std::snprintf(text, sizeof text, seconds < 10 ? "%.2f s" : "%.1f s", seconds);
  } else if (seconds < 3600) {
    std::snprintf(text, sizeof text, "%d min %02d s", static_cast<int>(seconds) / 60, static_cast<int>(seconds) % 60);
  } else {
    const int minutes = static_cast<int>(std::fmin(seconds, 1e8)) / 60;
    std::snprintf(text, sizeof text, "%d h %02d min", minutes / 60, minutes % 60);
  }
  return text;
}

std::string readable_bytes(double bytes) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  int unit = 0;
  while (bytes >= 1024 && unit < 5) {
    bytes /= 1024;
    ++unit;
  }
  char text[48];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, kUnits[unit]);
  return text;
}

}  // namespace clientele
