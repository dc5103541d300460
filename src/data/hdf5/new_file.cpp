#include "new_file.h"

#include <algorithm>

#include "clientele/base/files.h"
#include "crash_guard.h"

namespace clientele::h5 {

namespace {

Handle made(hid_t id, Handle::Closer closer, const char* what, const std::string& where) {
  return own(id, closer, ErrorKind::files, what, where);
}

void done(herr_t result, const char* what, const std::string& where) {
  check(result, ErrorKind::files, what, where);
}

Handle text_type(size_t bytes, const std::string& where) {
  Handle type = made(H5Tcopy(H5T_C_S1), H5Tclose, "cannot make a text type", where);
  done(H5Tset_size(type, bytes), "cannot size a text type", where);
  done(H5Tset_cset(type, H5T_CSET_UTF8), "cannot make a text type UTF-8", where);
  done(H5Tset_strpad(type, bytes == H5T_VARIABLE ? H5T_STR_NULLTERM : H5T_STR_NULLPAD), "cannot pad a text type",
       where);
  return type;
}

hid_t number_type(Element::Kind kind) {
  switch (kind) {
    case Element::Kind::int8:
      return H5T_STD_I8LE;
    case Element::Kind::int16:
      return H5T_STD_I16LE;
    case Element::Kind::int32:
      return H5T_STD_I32LE;
    case Element::Kind::int64:
      return H5T_STD_I64LE;
    case Element::Kind::uint8:
      return H5T_STD_U8LE;
    case Element::Kind::uint64:
      return H5T_STD_U64LE;
    case Element::Kind::float32:
      return H5T_IEEE_F32LE;
    case Element::Kind::float64:
    case Element::Kind::text:
      break;
  }
  return H5T_IEEE_F64LE;
}

Handle element_type(Element element, const std::string& where) {
  if (element.kind == Element::Kind::text) return text_type(static_cast<size_t>(element.width), where);
  return made(H5Tcopy(number_type(element.kind)), H5Tclose, "cannot make a number type", where);
}

Handle simple_space(const std::vector<int64_t>& shape, const std::string& where) {
  if (shape.empty()) return made(H5Screate(H5S_SCALAR), H5Sclose, "cannot make a scalar shape", where);
  const std::vector<hsize_t> sizes(shape.begin(), shape.end());
  return made(H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr), H5Sclose, "cannot make a shape",
              where);
}

Handle properties(hid_t cls, const std::string& where) {
  return made(H5Pcreate(cls), H5Pclose, "cannot make a property list", where);
}

Handle link_properties(const std::string& where) {
  Handle list = properties(H5P_LINK_CREATE, where);
  done(H5Pset_char_encoding(list, H5T_CSET_UTF8), "cannot make names UTF-8", where);
  done(H5Pset_create_intermediate_group(list, 0), "cannot set up names", where);
  return list;
}

Handle open_or_create(const std::filesystem::path& path, bool append) {
  const std::string where = path.string();
  const Handle access = properties(H5P_FILE_ACCESS, where);
  done(H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_V110), "cannot choose the file format", where);
  if (append)
    return made(H5Fopen(where.c_str(), H5F_ACC_RDWR, access), H5Fclose, "cannot open the file to add to it", where);
  const Handle creation = properties(H5P_FILE_CREATE, where);
  done(H5Pset_obj_track_times(creation, false), "cannot switch times off", where);
  return made(H5Fcreate(where.c_str(), H5F_ACC_TRUNC, creation, access), H5Fclose, "cannot create the file", where);
}

}  // namespace

NewFile::NewFile(const std::filesystem::path& path, bool append) : path_(path) {
  disarm_crash_guard();
  file_ = open_or_create(path, append);
}

bool NewFile::exists(const std::string& path) const {
  if (path == "/") return true;
  return check(H5Lexists(file_, path.c_str(), H5P_DEFAULT), ErrorKind::files, "cannot look a name up", where(path)) > 0;
}

void NewFile::group(const std::string& path) {
  const Handle names = link_properties(where(path));
  const Handle creation = properties(H5P_GROUP_CREATE, where(path));
  done(H5Pset_obj_track_times(creation, false), "cannot switch times off", where(path));
  for (size_t end = 1; end <= path.size(); ++end) {
    if (end < path.size() && path[end] != '/') continue;
    const std::string part = path.substr(0, end);
    if (part == "/" || exists(part)) continue;
    made(H5Gcreate2(file_, part.c_str(), names, creation, H5P_DEFAULT), H5Gclose, "cannot create a group", where(part));
  }
}

void NewFile::write_attribute(const std::string& object, const std::string& name, hid_t type, hid_t space,
                              const void* data) {
  const Handle owner =
      made(H5Oopen(file_, object.c_str(), H5P_DEFAULT), H5Oclose, "cannot open an object", where(object));
  const Handle creation = properties(H5P_ATTRIBUTE_CREATE, where(object));
  done(H5Pset_char_encoding(creation, H5T_CSET_UTF8), "cannot make an attribute's name UTF-8", where(object));
  const Handle attribute = made(H5Acreate2(owner, name.c_str(), type, space, creation, H5P_DEFAULT), H5Aclose,
                                "cannot create an attribute", where(object + "@" + name));
  done(H5Awrite(attribute, type, data), "cannot write an attribute", where(object + "@" + name));
}

void NewFile::attribute(const std::string& object, const std::string& name, std::string_view value) {
  const std::string terminated(value);
  const char* text = terminated.c_str();
  write_attribute(object, name, text_type(H5T_VARIABLE, where(object)), simple_space({}, where(object)), &text);
}

void NewFile::attribute(const std::string& object, const std::string& name, int64_t value) {
  write_attribute(object, name, number_type(Element::Kind::int64), simple_space({}, where(object)), &value);
}

void NewFile::attribute(const std::string& object, const std::string& name, bool value) {
  // h5py's boolean: an enum of FALSE and TRUE over int8.
  const Handle type = made(H5Tenum_create(H5T_STD_I8LE), H5Tclose, "cannot make a boolean type", where(object));
  const int8_t no = 0, yes = 1, stored = value ? 1 : 0;
  done(H5Tenum_insert(type, "FALSE", &no), "cannot make a boolean type", where(object));
  done(H5Tenum_insert(type, "TRUE", &yes), "cannot make a boolean type", where(object));
  write_attribute(object, name, type, simple_space({}, where(object)), &stored);
}

void NewFile::attribute(const std::string& object, const std::string& name, const std::vector<std::string>& values) {
  std::vector<const char*> texts;
  for (const std::string& value : values) texts.push_back(value.c_str());
  const char* nothing = "";
  write_attribute(object, name, text_type(H5T_VARIABLE, where(object)),
                  simple_space({static_cast<int64_t>(values.size())}, where(object)),
                  texts.empty() ? &nothing : texts.data());
}

void NewFile::fixed_attribute(const std::string& object, const std::string& name, std::string_view value) {
  const std::string bytes = value.empty() ? std::string(1, '\0') : std::string(value);
  write_attribute(object, name, text_type(bytes.size(), where(object)), simple_space({}, where(object)), bytes.data());
}

void NewFile::declare(const std::string& path, Element element, const std::vector<int64_t>& shape) {
  const std::string at = where(path);
  const Handle creation = properties(H5P_DATASET_CREATE, at);
  done(H5Pset_obj_track_times(creation, false), "cannot switch times off", at);
  done(H5Pset_layout(creation, H5D_CONTIGUOUS), "cannot choose the storage", at);
  done(H5Pset_alloc_time(creation, H5D_ALLOC_TIME_EARLY), "cannot choose when space is laid out", at);
  done(H5Pset_fill_time(creation, H5D_FILL_TIME_NEVER), "cannot switch filling off", at);
  Handle dataset = made(H5Dcreate2(file_, path.c_str(), element_type(element, at), simple_space(shape, at),
                                   link_properties(at), creation, H5P_DEFAULT),
                        H5Dclose, "cannot create a dataset", at);
  declared_[path] = {std::move(dataset), element, shape};
}

void NewFile::reserve() {
  done(H5Fflush(file_, H5F_SCOPE_GLOBAL), "cannot write the file", path_.string());
  hsize_t bytes = 0;
  done(H5Fget_filesize(file_, &bytes), "cannot tell the size of the file", path_.string());
  reserve_space(path_, static_cast<int64_t>(bytes));
}

void NewFile::write(const std::string& path, int64_t first, int64_t rows, const void* data) {
  const auto found = declared_.find(path);
  if (found == declared_.end())
    throw Error(ErrorKind::internal, {"a dataset was written that was not declared", where(path), "", "", ""});
  if (rows == 0) return;
  const Declared& set = found->second;
  const Handle type = element_type(set.element, where(path));
  if (set.shape.empty()) {
    done(H5Dwrite(set.dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data), "cannot write a dataset", where(path));
    return;
  }
  std::vector<int64_t> piece = set.shape;
  piece[0] = rows;
  const std::vector<hsize_t> count(piece.begin(), piece.end());
  std::vector<hsize_t> start(piece.size(), 0);
  start[0] = static_cast<hsize_t>(first);
  const Handle memory = simple_space(piece, where(path));
  const Handle target = simple_space(set.shape, where(path));
  done(H5Sselect_hyperslab(target, H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr), "cannot select rows",
       where(path));
  done(H5Dwrite(set.dataset, type, memory, target, H5P_DEFAULT, data), "cannot write a dataset", where(path));
}

void NewFile::close() {
  for (auto& [path, set] : declared_) done(set.dataset.reset(), "cannot close a dataset", where(path));
  declared_.clear();
  done(H5Fflush(file_, H5F_SCOPE_GLOBAL), "cannot write the file", path_.string());
  done(file_.reset(), "cannot close the file", path_.string());
  sync_file(path_);
}

Element text_element(const std::vector<std::string>& values) {
  size_t width = 1;
  for (const std::string& value : values) width = std::max(width, value.size());
  return {Element::Kind::text, static_cast<int64_t>(width)};
}

std::string packed(const std::vector<std::string>& values, Element element) {
  const auto width = static_cast<size_t>(element.width);
  std::string bytes(values.size() * width, '\0');
  for (size_t i = 0; i < values.size(); ++i) values[i].copy(bytes.data() + i * width, width);
  return bytes;
}

std::string link_name(std::string name) {
  std::replace(name.begin(), name.end(), '/', '_');
  std::replace(name.begin(), name.end(), '\0', '_');
  if (name == ".") name = "_";
  return name.empty() ? "_" : name;
}

}  // namespace clientele::h5
