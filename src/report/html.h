// Markup as a type of its own: text becomes Html only by a literal in this program's source or by escaping, so that no
// text from data can reach the page unescaped. The markup is also well-formed XML: every element is closed, every
// attribute quoted.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace clientele::page {

using Attributes = std::initializer_list<std::pair<std::string_view, std::string>>;

class Html {
 public:
  Html() = default;

  Html& operator<<(const Html& more);
  bool empty() const { return markup_.empty(); }
  const std::string& str() const { return markup_; }

 private:
  explicit Html(std::string markup) : markup_(std::move(markup)) {}
  std::string markup_;

  friend Html operator""_html(const char* literal, size_t size);
  friend Html text(std::string_view data);
  friend Html element(std::string_view name, Attributes attributes, const Html& body);
  friend Html leaf(std::string_view name, Attributes attributes);
};

Html operator""_html(const char* literal, size_t size);
Html operator+(Html left, const Html& right);

/// Escapes & < > " '. Bytes that are not UTF-8, control characters and characters that reorder text (bidirectional
/// overrides) become U+FFFD.
Html text(std::string_view data);
/// <name attributes>body</name>; attribute values are escaped. An attribute with an empty value is left out.
Html element(std::string_view name, Attributes attributes, const Html& body);
Html element(std::string_view name, const Html& body);
/// <name attributes />: void HTML elements and SVG shapes only.
Html leaf(std::string_view name, Attributes attributes);

/// At most `width` characters (code points), the last one an ellipsis if something was cut. Invalid UTF-8 counts byte
/// by byte.
std::string shorten(std::string_view data, size_t width);

}  // namespace clientele::page
