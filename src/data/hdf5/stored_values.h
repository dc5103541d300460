// Small arrays and attributes of a file that this program wrote but that anyone may have changed since: exact shapes,
// whole data, no conversion but between widths of numbers. Every fault is Error{input}.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "file.h"

namespace clientele::h5 {

class StoredValues {
 public:
  /// Throws Error{input} as File does.
  explicit StoredValues(const std::string& path);

  /// Attributes of the root; `most` bytes of text.
  bool has_attribute(const std::string& name) const;
  int64_t integer_attribute(const std::string& name) const;
  std::string text_attribute(const std::string& name, size_t most) const;

  /// True if there is anything of this name.
  bool holds(const std::string& path) const;
  /// Shape of a numeric dataset of 1 or 2 dimensions.
  std::vector<int64_t> shape(const std::string& path) const;
  /// The dataset must have this shape. Numbers are converted as the library does (integers into doubles and so on);
  /// text is refused.
  std::vector<double> doubles(const std::string& path, const std::vector<int64_t>& expected) const;
  std::vector<float> floats(const std::string& path, const std::vector<int64_t>& expected) const;
  std::vector<int64_t> integers(const std::string& path, const std::vector<int64_t>& expected) const;
  /// `count` texts of fixed length, padding cut off.
  std::vector<std::string> texts(const std::string& path, int64_t count) const;
  /// The raw bytes of a 1-D dataset of 8-bit integers.
  std::string bytes(const std::string& path) const;

  std::string where(const std::string& object) const { return file_->where(object); }
  [[noreturn]] void fail(const std::string& what, const std::string& object, const std::string& expected,
                         const std::string& found) const;

 private:
  template <class T>
  std::vector<T> numbers(const std::string& path, const std::vector<int64_t>& expected, int64_t memory_type,
                         bool integral) const;

  std::shared_ptr<const File> file_;
};

}  // namespace clientele::h5
