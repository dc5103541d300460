// What one element of a dataset is, in our words.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace clientele::h5 {

enum class ElementKind {
  number,
  flag,        ///< an enum of FALSE and TRUE (h5py), or a bit field of one byte (PyTables)
  category,    ///< any other enum
  fixed_text,  ///< UTF-8 or ASCII of `bytes` bytes
  variable_text,
  compound,
  other,  ///< arrays, references, opaque bytes: not read
};

enum class NumberForm { signed_integer, unsigned_integer, floating };

struct Field;

struct ElementType {
  ElementKind kind = ElementKind::other;
  NumberForm form = NumberForm::floating;  ///< of number, flag, category
  bool big_endian = false;
  bool plain =
      true;  ///< number: whole bytes, two's complement or IEEE, so that its bytes can be converted without the library
  int64_t bytes = 0;                                     ///< of one element in the file
  bool space_padded = false;                             ///< fixed_text
  std::vector<std::pair<int64_t, std::string>> members;  ///< category: value and name
  std::vector<Field> fields;                             ///< compound
  std::string text;  ///< "float32", "int16 big-endian", "text of 12 bytes", "compound of 5 fields"

  bool numeric() const { return kind == ElementKind::number || kind == ElementKind::flag; }
  bool textual() const { return kind == ElementKind::fixed_text || kind == ElementKind::variable_text; }
};

struct Field {
  std::string name;
  int64_t offset = 0;  ///< bytes from the start of the element
  ElementType type;
};

/// True if the element or one of its fields is a text of variable length (its size in memory is not its size in the
/// file).
bool has_variable_text(const ElementType& type);

}  // namespace clientele::h5
