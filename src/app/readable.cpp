#include <cmath>
#include <cstdio>

#include "display.h"

namespace clientele {

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
