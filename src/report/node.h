// Reading JSON that may lack any field: every path leads to a value or to "absent", and absent numbers are NaN.
#pragma once

#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "clientele/base/json.h"

namespace clientele::page {

class Node {
 public:
  Node() = default;
  explicit Node(const Json& json) : json_(&json) {}

  /// Member of an object, element of an array; absent if there is none.
  Node operator[](std::string_view key) const;
  Node at(size_t index) const;

  bool present() const { return json_ != nullptr && !json_->is_null(); }
  bool is_object() const { return json_ != nullptr && json_->is_object(); }
  bool is_array() const { return json_ != nullptr && json_->is_array(); }
  bool is_text() const { return json_ != nullptr && json_->is_string(); }
  bool is_number() const { return json_ != nullptr && json_->is_number(); }
  bool is_boolean() const { return json_ != nullptr && json_->is_boolean(); }

  double number(double otherwise = std::numeric_limits<double>::quiet_NaN()) const;
  std::string text(std::string_view otherwise = "") const;
  bool truth(bool otherwise = false) const;
  /// Elements of an array; nothing for anything else.
  std::vector<Node> elements() const;
  /// Members of an object in order; nothing for anything else.
  std::vector<std::pair<std::string, Node>> members() const;
  size_t size() const;
  /// Any value in one line: text as it is, numbers and lists as JSON; bytes that are not UTF-8 are replaced.
  std::string line() const;

 private:
  const Json* json_ = nullptr;
};

}  // namespace clientele::page
