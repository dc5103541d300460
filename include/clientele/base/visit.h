// One `visit` per Spec: job-file keys, help, defaults, ranges, JSON echo and hash all come from it.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace clientele {

/// Describes one key of a Spec.
struct FieldInfo {
  std::string name;  ///< key in the job file, snake_case
  std::string help;  ///< one sentence, with the unit
  double low =
      -std::numeric_limits<double>::infinity();  ///< allowed range, inclusive (numbers and elements of number lists)
  double high = std::numeric_limits<double>::infinity();
  std::vector<std::string> choices = {};  ///< for choice(): names in the order of the enum
};

class SpecVisitor {
 public:
  virtual ~SpecVisitor() = default;
  virtual void field(const FieldInfo& info, bool& value) = 0;
  virtual void field(const FieldInfo& info, int64_t& value) = 0;
  virtual void field(const FieldInfo& info, double& value) = 0;
  virtual void field(const FieldInfo& info, std::string& value) = 0;
  /// A list; a single value in the job file is a list of one.
  virtual void field(const FieldInfo& info, std::vector<std::string>& value) = 0;
  virtual void field(const FieldInfo& info, std::vector<int64_t>& value) = 0;
  virtual void field(const FieldInfo& info, std::vector<double>& value) = 0;
  /// index is the position in info.choices.
  virtual void choice(const FieldInfo& info, int& index) = 0;

  /// An enum whose enumerators are 0, 1, 2, ... in the order of info.choices.
  template <class E>
  void choice_of(const FieldInfo& info, E& value) {
    int index = static_cast<int>(value);
    choice(info, index);
    value = static_cast<E>(index);
  }
};

}  // namespace clientele
