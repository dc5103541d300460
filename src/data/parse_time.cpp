#include <charconv>
#include <chrono>

#include "clientele/base/errors.h"
#include "clientele/data/events.h"

namespace clientele {
namespace {

[[noreturn]] void fail(const std::string& text, const std::string& key) {
  throw Error(ErrorKind::usage,
              {"not a time", key, "1998-07-01, 1998-07-01T12:00:00Z or UTC seconds", "\"" + text + "\"", ""});
}

/// Exactly `width` digits at `at`, or -1.
int digits(const std::string& text, size_t at, size_t width) {
  if (at + width > text.size()) return -1;
  int value = 0;
  for (size_t i = at; i < at + width; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = 10 * value + (text[i] - '0');
  }
  return value;
}

}  // namespace

int64_t parse_time(const std::string& text, const std::string& key) {
  int64_t seconds = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (fault == std::errc() && end == text.data() + text.size()) return seconds;

  const int year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  const std::chrono::year_month_day date(std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (year < 0 || month < 0 || day < 0 || text[4] != '-' || text[7] != '-' || !date.ok()) fail(text, key);
  seconds = int64_t{86400} * std::chrono::sys_days(date).time_since_epoch().count();
  if (text.size() == 10) return seconds;

  const int hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  const bool separators =
      text.size() >= 19 && (text[10] == 'T' || text[10] == ' ') && text[13] == ':' && text[16] == ':';
  const bool utc = text.size() == 19 || (text.size() == 20 && text[19] == 'Z');
  if (!separators || !utc || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
    fail(text, key);
  return seconds + 3600 * hour + 60 * minute + second;
}

}  // namespace clientele
