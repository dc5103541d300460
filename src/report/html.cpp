#include "html.h"

#include <cstdint>

namespace clientele::page {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

struct Character {
  uint32_t code = 0;
  size_t bytes = 1;
  bool valid = false;
};

// The next code point, by the table of well-formed sequences of the Unicode standard (no overlong forms, no
// surrogates).
Character decode(std::string_view s) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(s[i])); };
  const uint32_t first = byte(0);
  if (first < 0x80) return {first, 1, true};
  size_t bytes = 0;
  uint32_t code = 0, least = 0;
  if (first >= 0xC2 && first <= 0xDF) bytes = 2, code = first & 0x1F, least = 0x80;
  if (first >= 0xE0 && first <= 0xEF) bytes = 3, code = first & 0x0F, least = 0x800;
  if (first >= 0xF0 && first <= 0xF4) bytes = 4, code = first & 0x07, least = 0x10000;
  if (bytes == 0 || s.size() < bytes) return {};
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = (code << 6) | (byte(i) & 0x3F);
  }
  if (code < least || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return {};
  return {code, bytes, true};
}

bool printable(uint32_t c) {
  if (c == '\t' || c == '\n') return true;
  if (c < 0x20 || (c >= 0x7F && c <= 0x9F)) return false;
  if (c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069))
    return false;
  return (c & 0xFFFE) != 0xFFFE && !(c >= 0xFDD0 && c <= 0xFDEF);
}

void append_escaped(std::string& out, std::string_view data) {
  while (!data.empty()) {
    const Character c = decode(data);
    if (!c.valid || !printable(c.code)) {
      out += kReplacement;
    } else if (c.code == '&') {
      out += "&amp;";
    } else if (c.code == '<') {
      out += "&lt;";
    } else if (c.code == '>') {
      out += "&gt;";
    } else if (c.code == '"') {
      out += "&quot;";
    } else if (c.code == '\'') {
      out += "&#39;";
    } else {
      out += data.substr(0, c.bytes);
    }
    data.remove_prefix(c.bytes);
  }
}

void append_start(std::string& out, std::string_view name, Attributes attributes) {
  out += '<';
  out += name;
  for (const auto& [key, value] : attributes) {
    if (value.empty()) continue;
    out += ' ';
    out += key;
    out += "=\"";
    append_escaped(out, value);
    out += '"';
  }
}

}  // namespace

Html& Html::operator<<(const Html& more) {
  markup_ += more.markup_;
  return *this;
}

Html operator""_html(const char* literal, size_t size) {
  return Html(std::string(literal, size));
}

Html operator+(Html left, const Html& right) {
  left << right;
  return left;
}

Html text(std::string_view data) {
  std::string out;
  out.reserve(data.size());
  append_escaped(out, data);
  return Html(std::move(out));
}

Html element(std::string_view name, Attributes attributes, const Html& body) {
  std::string out;
  out.reserve(body.markup_.size() + 2 * name.size() + 64);
  append_start(out, name, attributes);
  out += '>';
  out += body.markup_;
  out += "</";
  out += name;
  out += '>';
  return Html(std::move(out));
}

Html element(std::string_view name, const Html& body) {
  return element(name, {}, body);
}

Html leaf(std::string_view name, Attributes attributes) {
  std::string out;
  append_start(out, name, attributes);
  out += " />";
  return Html(std::move(out));
}

std::string shorten(std::string_view data, size_t width) {
  size_t characters = 0;
  size_t kept = 0;  // bytes of the first width - 1 characters
  for (size_t i = 0; i < data.size(); ++characters) {
    if (characters + 1 == width) kept = i;
    i += decode(data.substr(i)).bytes;
  }
  if (characters <= width || width == 0) return std::string(data);
  return std::string(data.substr(0, kept)) + "\xE2\x80\xA6";
}

}  // namespace clientele::page
