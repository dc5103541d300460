#include "setting_text.h"

#include <charconv>
#include <cmath>
#include <string_view>

namespace clientele {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool quoted(std::string_view text) {
  return text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front();
}

std::string_view unquote(std::string_view text) {
  text = trim(text);
  return quoted(text) ? text.substr(1, text.size() - 2) : text;
}

/// Splits at commas outside quotes.
std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  size_t start = 0;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (quote != 0) {
      if (text[i] == quote) quote = 0;
    } else if (text[i] == '"' || text[i] == '\'') {
      quote = text[i];
    } else if (text[i] == ',') {
      parts.push_back(text.substr(start, i - start));
      start = i + 1;
    }
  }
  if (!trim(text).empty()) parts.push_back(text.substr(start));
  return parts;
}

std::string shown(const Scalar& value) {
  struct Show {
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(int64_t v) const { return std::to_string(v); }
    std::string operator()(double v) const {
      char buffer[32];
      const auto end = std::to_chars(buffer, buffer + sizeof buffer, v);
      const std::string text(buffer, end.ptr);
      return text.find_first_not_of("-0123456789") == std::string::npos ? text + ".0" : text;
    }
    std::string operator()(const std::string& v) const { return "\"" + v + "\""; }
  };
  return std::visit(Show{}, value);
}

std::string mismatch(const std::string& expected, const std::string& found) {
  return "expected " + expected + ", found " + found;
}

template <class T>
bool parse_number(std::string_view text, T& out) {
  text = trim(text);
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  const auto end = std::from_chars(text.data(), text.data() + text.size(), out);
  return end.ec == std::errc() && end.ptr == text.data() + text.size() && !text.empty();
}

std::string from_text(std::string_view text, bool& out) {
  text = trim(text);
  if (text != "true" && text != "false") return mismatch("true or false", std::string(text));
  out = text == "true";
  return {};
}
std::string from_text(std::string_view text, int64_t& out) {
  return parse_number(text, out) ? "" : mismatch("a whole number", "\"" + std::string(text) + "\"");
}
std::string from_text(std::string_view text, double& out) {
  return parse_number(text, out) && std::isfinite(out) ? "" : mismatch("a number", "\"" + std::string(text) + "\"");
}
std::string from_text(std::string_view text, std::string& out) {
  out = std::string(unquote(text));
  return {};
}

std::string from_scalar(const Scalar& value, bool& out) {
  if (const bool* flag = std::get_if<bool>(&value)) return out = *flag, std::string();
  return mismatch("true or false", shown(value));
}
std::string from_scalar(const Scalar& value, int64_t& out) {
  if (const int64_t* whole = std::get_if<int64_t>(&value)) return out = *whole, std::string();
  return mismatch("a whole number", shown(value));
}
std::string from_scalar(const Scalar& value, double& out) {
  if (const int64_t* whole = std::get_if<int64_t>(&value)) return out = static_cast<double>(*whole), std::string();
  const double* real = std::get_if<double>(&value);
  if (real != nullptr && std::isfinite(*real)) return out = *real, std::string();
  return mismatch("a number", shown(value));
}
std::string from_scalar(const Scalar& value, std::string& out) {
  if (const std::string* text = std::get_if<std::string>(&value)) return out = *text, std::string();
  return mismatch("a text in quotes", shown(value));
}

template <class T>
std::string read_one(const SettingValue& value, T& out) {
  if (const RawText* raw = std::get_if<RawText>(&value)) return from_text(raw->text, out);
  if (const Scalar* scalar = std::get_if<Scalar>(&value)) return from_scalar(*scalar, out);
  return mismatch("one value", "a list");
}

constexpr bool commas_split(const std::string*) {
  return false;
}
template <class T>
constexpr bool commas_split(const T*) {
  return true;
}

template <class T>
std::string list_from_text(std::string_view text, std::vector<T>& out) {
  text = trim(text);
  const bool bracketed = text.size() >= 2 && text.front() == '[' && text.back() == ']';
  std::vector<std::string_view> parts = {text};
  if (bracketed) parts = split(text.substr(1, text.size() - 2));
  if (!bracketed && commas_split(static_cast<const T*>(nullptr))) parts = split(text);
  if (text.empty()) parts.clear();
  std::vector<T> list;
  for (const std::string_view part : parts) {
    T element{};
    if (std::string fault = from_text(part, element); !fault.empty()) return fault;
    list.push_back(element);
  }
  out = std::move(list);
  return {};
}

template <class T>
std::string read_list(const SettingValue& value, std::vector<T>& out) {
  if (const RawText* raw = std::get_if<RawText>(&value)) return list_from_text(raw->text, out);
  std::vector<Scalar> scalars;
  if (const Scalar* one = std::get_if<Scalar>(&value)) {
    scalars.push_back(*one);
  } else {
    scalars = std::get<std::vector<Scalar>>(value);
  }
  std::vector<T> list;
  for (const Scalar& scalar : scalars) {
    T element{};
    if (std::string fault = from_scalar(scalar, element); !fault.empty()) return fault;
    list.push_back(element);
  }
  out = std::move(list);
  return {};
}

}  // namespace

std::string read_setting(const SettingValue& value, bool& out) {
  return read_one(value, out);
}
std::string read_setting(const SettingValue& value, int64_t& out) {
  return read_one(value, out);
}
std::string read_setting(const SettingValue& value, double& out) {
  return read_one(value, out);
}
std::string read_setting(const SettingValue& value, std::string& out) {
  return read_one(value, out);
}
std::string read_setting(const SettingValue& value, std::vector<std::string>& out) {
  return read_list(value, out);
}
std::string read_setting(const SettingValue& value, std::vector<int64_t>& out) {
  return read_list(value, out);
}
std::string read_setting(const SettingValue& value, std::vector<double>& out) {
  return read_list(value, out);
}

}  // namespace clientele
