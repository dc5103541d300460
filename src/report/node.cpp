#include "node.h"

namespace clientele::page {

Node Node::operator[](std::string_view key) const {
  if (!is_object()) return {};
  const auto found = json_->find(std::string(key));
  return found == json_->end() ? Node() : Node(*found);
}

Node Node::at(size_t index) const {
  return is_array() && index < json_->size() ? Node((*json_)[index]) : Node();
}

double Node::number(double otherwise) const {
  return is_number() ? json_->get<double>() : otherwise;
}

std::string Node::text(std::string_view otherwise) const {
  return is_text() ? json_->get_ref<const std::string&>() : std::string(otherwise);
}

bool Node::truth(bool otherwise) const {
  return is_boolean() ? json_->get<bool>() : otherwise;
}

std::vector<Node> Node::elements() const {
  std::vector<Node> nodes;
  if (!is_array()) return nodes;
  nodes.reserve(json_->size());
  for (const Json& value : *json_) nodes.emplace_back(value);
  return nodes;
}

std::vector<std::pair<std::string, Node>> Node::members() const {
  std::vector<std::pair<std::string, Node>> nodes;
  if (!is_object()) return nodes;
  nodes.reserve(json_->size());
  for (const auto& [key, value] : json_->items()) nodes.emplace_back(key, Node(value));
  return nodes;
}

size_t Node::size() const {
  return is_array() || is_object() ? json_->size() : 0;
}

std::string Node::line() const {
  if (!present()) return "";
  if (is_text()) return text();
  return json_->dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace clientele::page
