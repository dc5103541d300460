#include "texts.h"

#include <algorithm>
#include <cstring>

#include "../utf8.h"
#include "describe_type.h"
#include "handles.h"
#include "lzf_filter.h"

namespace clientele::h5 {
namespace {

constexpr int64_t kPieceRows = 16384;
constexpr size_t kLongestText = size_t{1} << 20;
constexpr hsize_t kMostAttributeTexts = 1'000'000;
constexpr int64_t kMostListBytes = int64_t{256} << 20;

/// Frees what the library allocated for texts, whatever happens.
class Reclaim {
 public:
  Reclaim(hid_t type, hid_t space, std::vector<char*>& texts) : type_(type), space_(space), texts_(texts) {}
  ~Reclaim() { H5Dvlen_reclaim(type_, space_, H5P_DEFAULT, texts_.data()); }
  Reclaim(const Reclaim&) = delete;
  Reclaim& operator=(const Reclaim&) = delete;

 private:
  hid_t type_;
  hid_t space_;
  std::vector<char*>& texts_;
};

std::string_view view(const char* text, const std::string& where) {
  if (text == nullptr) return {};
  const size_t length = strnlen(text, kLongestText + 1);
  if (length > kLongestText) throw Error(ErrorKind::input, {"a text is too long", where, "at most 1 MiB", "", ""});
  return {text, length};
}

/// Variable text in memory, in the character set of the file's type; for a field, a compound of it alone.
Handle memory_text(hid_t file_type, const std::string& field, const std::string& where) {
  const char* what = "cannot use a text type";
  Handle text = own(H5Tcopy(H5T_C_S1), H5Tclose, ErrorKind::input, what, where);
  check(H5Tset_size(text, H5T_VARIABLE), ErrorKind::input, what, where);
  Handle source(H5Tcopy(file_type), H5Tclose);
  if (!field.empty()) {
    const int index = check(H5Tget_member_index(file_type, field.c_str()), ErrorKind::input, what, where);
    source = Handle(H5Tget_member_type(file_type, static_cast<unsigned>(index)), H5Tclose);
  }
  H5Tset_cset(text, H5Tget_cset(source));
  if (field.empty()) return text;
  Handle record = own(H5Tcreate(H5T_COMPOUND, sizeof(char*)), H5Tclose, ErrorKind::input, what, where);
  check(H5Tinsert(record, field.c_str(), 0, text), ErrorKind::input, what, where);
  return record;
}

std::vector<std::string> fixed_texts(const ElementType& type, const std::vector<char>& bytes, size_t count) {
  const size_t width = static_cast<size_t>(type.bytes);
  std::vector<std::string> out;
  for (size_t i = 0; i < count; ++i) {
    size_t length = strnlen(bytes.data() + i * width, width);
    while (type.space_padded && length > 0 && bytes[i * width + length - 1] == ' ') --length;
    out.emplace_back(bytes.data() + i * width, length);
  }
  return out;
}

/// An attribute's elements as bytes of the given memory type.
struct Attribute {
  Handle id, type, space;
  ElementType element;
  hsize_t count = 0;
};

Attribute open_attribute(const File& file, const std::string& object, const std::string& name) {
  Attribute out;
  if (H5Aexists_by_name(file.handle(), object.c_str(), name.c_str(), H5P_DEFAULT) > 0) {
    out.id = Handle(H5Aopen_by_name(file.handle(), object.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  }
  if (out.id.valid()) {
    out.type = Handle(H5Aget_type(out.id), H5Tclose);
    out.space = Handle(H5Aget_space(out.id), H5Sclose);
  }
  if (out.type.valid() && out.space.valid()) {
    out.element = describe_type(out.type);
    const hssize_t points = H5Sget_simple_extent_npoints(out.space);
    out.count = points < 0 || H5Sget_simple_extent_ndims(out.space) > 1 ? 0 : static_cast<hsize_t>(points);
  }
  take_library_message();
  return out;
}

}  // namespace

void read_variable_texts(const Dataset& set, const std::string& field, int64_t first, int64_t rows,
                         const std::function<void(int64_t row, std::string_view text)>& each) {
  const char* what = "cannot read texts";
  for (int64_t done = 0; done < rows; done += kPieceRows) {
    const Lock lock;
    const Handle id =
        own(H5Dopen2(set.file->handle(), set.path.c_str(), H5P_DEFAULT), H5Dclose, ErrorKind::input, what, set.where());
    const Handle file_type = own(H5Dget_type(id), H5Tclose, ErrorKind::input, what, set.where());
    const Handle type = memory_text(file_type, field, set.where());
    const hsize_t start = static_cast<hsize_t>(first + done);
    const hsize_t count = static_cast<hsize_t>(std::min(kPieceRows, rows - done));
    const Handle file_space = own(H5Dget_space(id), H5Sclose, ErrorKind::input, what, set.where());
    check(H5Sselect_hyperslab(file_space, H5S_SELECT_SET, &start, nullptr, &count, nullptr), ErrorKind::input, what,
          set.where());
    const Handle memory = own(H5Screate_simple(1, &count, nullptr), H5Sclose, ErrorKind::input, what, set.where());
    std::vector<char*> texts(count, nullptr);
    const Reclaim reclaim(type, memory, texts);
    const LzfChunks chunks(set);
    check(H5Dread(id, type, memory, file_space, H5P_DEFAULT, texts.data()), ErrorKind::input, what, set.where());
    for (hsize_t i = 0; i < count; ++i) each(first + done + static_cast<int64_t>(i), view(texts[i], set.where()));
  }
}

std::vector<std::string> read_text_list(const Dataset& set, int64_t most) {
  set.check_readable();
  if (!set.type.textual() || set.shape.size() != 1 || set.rows() > most || set.decoded_bytes > kMostListBytes) {
    throw Error(ErrorKind::input,
                {"a list of texts cannot be read", set.where(), "at most " + std::to_string(most) + " texts",
                 set.type.text + ", " + shape_text(set.shape), ""});
  }
  if (set.rows() == 0) return {};
  if (set.type.kind == ElementKind::variable_text) {
    std::vector<std::string> out;
    read_variable_texts(set, "", 0, set.rows(), [&](int64_t row, std::string_view text) {
      check_utf8(text, set.where(), row);
      out.emplace_back(text);
    });
    return out;
  }
  const Lock lock;
  const char* what = "cannot read texts";
  const Handle id =
      own(H5Dopen2(set.file->handle(), set.path.c_str(), H5P_DEFAULT), H5Dclose, ErrorKind::input, what, set.where());
  const Handle type = own(H5Dget_type(id), H5Tclose, ErrorKind::input, what, set.where());
  std::vector<char> bytes(static_cast<size_t>(set.decoded_bytes));
  const LzfChunks chunks(set);
  check(H5Dread(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()), ErrorKind::input, what, set.where());
  std::vector<std::string> out = fixed_texts(set.type, bytes, static_cast<size_t>(set.rows()));
  for (size_t row = 0; row < out.size(); ++row) check_utf8(out[row], set.where(), static_cast<int64_t>(row));
  return out;
}

std::vector<std::string> text_attribute(const File& file, const std::string& object, const std::string& name) {
  const Lock lock;
  const Attribute attribute = open_attribute(file, object, name);
  if (attribute.count == 0 || attribute.count > kMostAttributeTexts) return {};
  const std::string where = file.where(object) + " attribute " + name;
  if (attribute.element.kind == ElementKind::fixed_text) {
    const size_t size = attribute.count * static_cast<size_t>(attribute.element.bytes);
    if (size > static_cast<size_t>(kMostListBytes))
      throw Error(ErrorKind::input, {"an attribute is too large", where, "at most 256 MiB", "", ""});
    std::vector<char> bytes(size);
    check(H5Aread(attribute.id, attribute.type, bytes.data()), ErrorKind::input, "cannot read an attribute", where);
    return fixed_texts(attribute.element, bytes, attribute.count);
  }
  if (attribute.element.kind != ElementKind::variable_text) return {};
  const Handle type = memory_text(attribute.type, "", where);
  std::vector<char*> texts(attribute.count, nullptr);
  const Reclaim reclaim(type, attribute.space, texts);
  check(H5Aread(attribute.id, type, texts.data()), ErrorKind::input, "cannot read an attribute", where);
  std::vector<std::string> out;
  for (const char* text : texts) out.emplace_back(view(text, where));
  return out;
}

std::string text_of(const File& file, const std::string& object, const std::string& name) {
  const std::vector<std::string> texts = text_attribute(file, object, name);
  return texts.size() == 1 ? texts[0] : "";
}

std::vector<int64_t> integer_attribute(const File& file, const std::string& object, const std::string& name) {
  const Lock lock;
  const Attribute attribute = open_attribute(file, object, name);
  const bool integers = attribute.element.kind == ElementKind::number && attribute.element.form != NumberForm::floating;
  if (!integers || attribute.count == 0 || attribute.count > 16) return {};
  std::vector<int64_t> out(attribute.count);
  check(H5Aread(attribute.id, H5T_NATIVE_INT64, out.data()), ErrorKind::input, "cannot read an attribute",
        file.where(object) + " attribute " + name);
  return out;
}

}  // namespace clientele::h5
