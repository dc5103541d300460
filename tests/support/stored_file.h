// Looks into, and damages, an HDF5 file through the library's own calls: an independent view of what the program wrote.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace clientele::test {

class StoredFile {
 public:
  /// Opens for reading, or for changing. Throws std::runtime_error; so does every call that fails.
  explicit StoredFile(const std::string& path, bool change = false);
  ~StoredFile();
  StoredFile(const StoredFile&) = delete;
  StoredFile& operator=(const StoredFile&) = delete;

  bool exists(const std::string& object) const;
  /// A text attribute of variable or fixed length; "<none>" if there is none.
  std::string text_attribute(const std::string& object, const std::string& name) const;
  std::vector<std::string> texts_attribute(const std::string& object, const std::string& name) const;

  std::vector<int64_t> shape(const std::string& dataset) const;
  /// "int8", "int64", "float32", "text13", "text" (variable), ...
  std::string type(const std::string& dataset) const;
  std::vector<double> numbers(const std::string& dataset) const;
  std::vector<int64_t> integers(const std::string& dataset) const;
  /// Texts of fixed length without their padding.
  std::vector<std::string> texts(const std::string& dataset) const;
  /// Names in a group.
  std::vector<std::string> names(const std::string& group) const;

  /// Overwrites one element.
  void poke(const std::string& dataset, size_t index, double value);
  /// Puts zeros of another shape in a dataset's place.
  void reshape(const std::string& dataset, const std::vector<int64_t>& shape);
  void remove(const std::string& object);
  void set_integer_attribute(const std::string& object, const std::string& name, int64_t value);

 private:
  int64_t file_ = -1;
};

}  // namespace clientele::test
