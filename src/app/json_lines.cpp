#include "json_lines.h"

#include "display.h"

namespace clientele {
namespace {

std::string plain(const Json& value) {
  if (value.is_string()) return printable(value.get<std::string>());
  if (value.is_null()) return "-";
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_array()) {
    std::string text;
    for (const Json& element : value) text += (text.empty() ? "" : ", ") + plain(element);
    return text.empty() ? "-" : text;
  }
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool holds_objects(const Json& list) {
  return !list.empty() && list.front().is_object();
}

std::string inline_object(const Json& object) {
  std::string text;
  for (const auto& [key, value] : object.items()) {
    const bool empty = value.is_null() || (value.is_string() && value.get<std::string>().empty()) ||
                       (value.is_array() && value.empty());
    if (!empty)
      text += (text.empty() ? "" : ", ") +
              (printable(key) + ' ' + (value.is_object() ? '(' + inline_object(value) + ')' : plain(value)));
  }
  return text;
}

}  // namespace

std::string json_lines(const Json& json, int indent) {
  const std::string space(static_cast<size_t>(indent), ' ');
  std::string text;
  for (const auto& [name, value] : json.items()) {
    const std::string key = printable(name);
    if (value.is_object()) {
      text += space + key + ":\n" + json_lines(value, indent + 2);
    } else if (value.is_array() && holds_objects(value)) {
      text += space + key + ":\n";
      for (const Json& element : value) text += space + "  " + inline_object(element) + '\n';
    } else if (value.is_array() && value.size() > 4) {
      text += space + key + ":\n";
      for (const Json& element : value) text += space + "  " + plain(element) + '\n';
    } else {
      text += space + key + ": " + plain(value) + '\n';
    }
  }
  return text;
}

}  // namespace clientele
