// One HDF5 file under construction, in the earliest..v110 format and without times, so that equal content gives equal
// bytes. Everything is declared first, then the space of the whole file is reserved, then data are written: a full disk
// is found before the first big write. Every call is checked and a failure is Error{files}. Keep an h5::Lock while one
// exists.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "handles.h"

namespace clientele::h5 {

/// What an element is, in the file (little-endian) and in memory.
struct Element {
  enum class Kind { int8, int16, int32, int64, uint8, uint64, float32, float64, text };
  Kind kind = Kind::float64;
  int64_t width = 0;  ///< kind text: bytes, at least 1; UTF-8, padded with NUL
};

class NewFile {
 public:
  /// Creates the file or empties an old one; with `append` opens an old one to add to it.
  explicit NewFile(const std::filesystem::path& path, bool append = false);

  /// Creates the groups of a path ("/uns/run") that do not exist yet.
  void group(const std::string& path);
  bool exists(const std::string& path) const;

  void attribute(const std::string& object, const std::string& name, std::string_view value);
  void attribute(const std::string& object, const std::string& name, int64_t value);
  void attribute(const std::string& object, const std::string& name, bool value);
  /// Texts of variable length, as h5py and anndata expect lists in attributes.
  void attribute(const std::string& object, const std::string& name, const std::vector<std::string>& values);
  /// A text of fixed length, which a reader can take without trusting the file.
  void fixed_attribute(const std::string& object, const std::string& name, std::string_view value);

  /// A contiguous dataset with its space laid out; shape {} is a scalar. Its group must exist.
  void declare(const std::string& path, Element element, const std::vector<int64_t>& shape);

  /// Reserves the whole file on disk. Call after the last declare() and attribute().
  void reserve();

  /// Writes rows [first, first + rows) of a declared dataset, from row-major memory of the same element. A scalar has
  /// one row.
  void write(const std::string& path, int64_t first, int64_t rows, const void* data);

  /// Flushes, closes and syncs to disk; the file is only complete when this returns.
  void close();

 private:
  struct Declared {
    Handle dataset;
    Element element;
    std::vector<int64_t> shape;
  };

  std::string where(const std::string& object) const { return path_.string() + ":" + object; }
  void write_attribute(const std::string& object, const std::string& name, hid_t type, hid_t space, const void* data);

  std::filesystem::path path_;
  Handle file_;
  std::map<std::string, Declared> declared_;
};

/// Element::text wide enough for all values.
Element text_element(const std::vector<std::string>& values);
/// The values side by side, each padded to the element's width.
std::string packed(const std::vector<std::string>& values, Element element);
/// The name with what HDF5 and anndata do not allow in one ("/", a lone ".", nothing at all) replaced by "_".
std::string link_name(std::string name);

}  // namespace clientele::h5
