#include "byte_size.h"

#include <cctype>
#include <charconv>
#include <cmath>
#include <map>

namespace clientele {

std::optional<int64_t> parse_byte_size(const std::string& text) {
  static const std::map<std::string, double> kUnits = {
      {"", 1},       {"b", 1},      {"kb", 1e3},   {"mb", 1e6},     {"gb", 1e9},     {"tb", 1e12},    {"k", 0x1p10},
      {"m", 0x1p20}, {"g", 0x1p30}, {"t", 0x1p40}, {"kib", 0x1p10}, {"mib", 0x1p20}, {"gib", 0x1p30}, {"tib", 0x1p40}};
  double number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (read.ec != std::errc()) return {};
  std::string unit;
  for (const char* at = read.ptr; at != text.data() + text.size(); ++at)
    if (*at != ' ' || !unit.empty()) unit += static_cast<char>(std::tolower(static_cast<unsigned char>(*at)));
  const auto found = kUnits.find(unit);
  if (found == kUnits.end()) return {};
  const double bytes = std::floor(number * found->second);
  if (!(bytes >= 1) || bytes >= 0x1p62) return {};
  return static_cast<int64_t>(bytes);
}

}  // namespace clientele
