#include "numbers.h"

#include <charconv>
#include <chrono>
#include <cmath>

namespace clientele::page {

namespace {

const std::string kDash = "\xE2\x80\x93";
const std::string kMinus = "\xE2\x88\x92";

std::string fixed(double value, int decimals) {
  char buffer[400];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed, decimals);
  return {buffer, end.ptr};
}

std::string scientific(double value) {
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific, 1);
  return {buffer, end.ptr};
}

std::string grouped(const std::string& digits) {
  const size_t point = digits.find('.');
  const size_t whole = point == std::string::npos ? digits.size() : point;
  std::string out;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && i < whole && (whole - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

// value > 0
std::string magnitude(double value) {
  if (value >= 1e15) return scientific(value);
  if (value == std::floor(value) || value >= 999.95) return grouped(fixed(value, 0));
  if (value >= 9.995) return fixed(value, 1);
  if (value >= 0.9995) return fixed(value, 2);
  if (value >= 0.01) return fixed(value, 3);
  if (value >= 0.0001) return fixed(value, 5);
  return scientific(value);
}

std::string joined(std::string first, const std::string& second) {
  first += second;
  return first;
}

std::string two_digits(int64_t value) {
  return joined(value < 10 ? "0" : "", std::to_string(value));
}

}  // namespace

std::string number(double value) {
  if (!std::isfinite(value)) return kDash;
  if (value == 0) return "0";
  return joined(value < 0 ? kMinus : "", magnitude(std::fabs(value)));
}

std::string hundredths(double value) {
  if (!std::isfinite(value) || std::fabs(value) >= 1e15) return number(value);
  return joined(value < 0 ? kMinus : "", grouped(fixed(std::fabs(value), 2)));
}

std::string compact(double value) {
  if (!std::isfinite(value)) return kDash;
  const double size = std::fabs(value);
  if (size >= 999.5e12 || (size > 0 && size < 0.001)) return joined(value < 0 ? kMinus : "", scientific(size));
  const char* unit = "";
  double scaled = size;
  for (const char* next : {"k", "M", "G", "T"}) {
    if (scaled < 999.5) break;
    scaled /= 1000;
    unit = next;
  }
  std::string digits = fixed(scaled, scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : scaled >= 0.9995 ? 2 : 3);
  if (digits.find('.') != std::string::npos) {
    digits.resize(digits.find_last_not_of('0') + 1);
    if (digits.back() == '.') digits.pop_back();
  }
  return joined(value < 0 ? kMinus : "", digits + unit);
}

std::string signed_number(double value) {
  return joined(std::isfinite(value) && value > 0 ? "+" : "", number(value));
}

std::string signed_score(double value) {
  if (!std::isfinite(value)) return kDash;
  const double size = std::fabs(value);
  const std::string digits = size >= 1e6 ? scientific(size) : fixed(size, size < 99.995 ? 2 : 0);
  if (digits == "0.00") return digits;
  return joined(value < 0 ? kMinus : "+", digits);
}

std::string percent(double share) {
  if (!std::isfinite(share)) return kDash;
  const double value = 100 * share;
  if (value == 0) return "0%";
  if (value > 0 && value < 0.1) return "<0.1%";
  if (value > 99.5 && value < 100) return (value >= 99.95 ? ">99.9" : fixed(value, 1)) + "%";
  const double size = std::fabs(value);
  return joined(value < 0 ? kMinus : "", grouped(fixed(size, size < 9.95 && size != std::floor(size) ? 1 : 0)) + "%");
}

std::string times(double lift) {
  if (!std::isfinite(lift)) return kDash;
  const double size = std::fabs(lift);
  const std::string digits = size >= 1e6                  ? scientific(size)
                             : size >= 99.5               ? grouped(fixed(size, 0))
                             : size >= 9.95               ? fixed(size, 0)
                             : size >= 0.995              ? fixed(size, 1)
                             : size >= 0.005 || size == 0 ? fixed(size, 2)
                                                          : "<0.01";
  return joined(lift < 0 ? kMinus : "", digits + "\xC3\x97");
}

std::string bytes(double count) {
  if (!std::isfinite(count)) return kDash;
  const char* const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  size_t unit = 0;
  while (std::fabs(count) >= 1023.95 && unit < 5) {
    count /= 1024;
    ++unit;
  }
  return (unit == 0 ? number(count) : fixed(count, 1)) + " " + units[unit];
}

std::string duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0 || seconds > 1e12) return kDash;
  if (seconds < 0.0005) return "<1 ms";
  if (seconds < 0.0995) return fixed(1000 * seconds, 0) + " ms";
  if (seconds < 59.95) return fixed(seconds, seconds < 9.995 ? 2 : 1) + " s";
  const int64_t whole = std::llrint(seconds);
  if (whole < 3600) return std::to_string(whole / 60) + " min " + two_digits(whole % 60) + " s";
  return std::to_string(whole / 3600) + " h " + two_digits(whole % 3600 / 60) + " min";
}

std::string date(double utc_seconds) {
  if (!(utc_seconds > -62135596800.0 && utc_seconds < 253402300800.0)) return kDash;
  const std::chrono::sys_days day{std::chrono::days(static_cast<int64_t>(std::floor(utc_seconds / 86400)))};
  const std::chrono::year_month_day ymd(day);
  const std::string year = std::to_string(static_cast<int>(ymd.year()));
  std::string out(4 - year.size(), '0');
  out += year;
  for (const unsigned part : {static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day())}) {
    out += '-';
    out += two_digits(part);
  }
  return out;
}

std::string counted(double count, const std::string& one, const std::string& many) {
  return number(count) + " " + (count == 1 ? one : many);
}

std::string coordinate(double value) {
  if (!std::isfinite(value) || std::fabs(value) > 1e6) return "0";
  std::string digits = fixed(value, 3);
  while (digits.back() == '0') digits.pop_back();
  if (digits.back() == '.') digits.pop_back();
  return digits == "-0" ? "0" : digits;
}

}  // namespace clientele::page
