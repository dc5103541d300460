#include "tests/support/stored_file.h"

#include <hdf5.h>

#include <cstring>
#include <stdexcept>

namespace clientele::test {

namespace {

int64_t must(int64_t result, const std::string& what) {
  if (result < 0) throw std::runtime_error("HDF5: " + what);
  return result;
}

// Closes in the order of C++; closer(id).
struct Owned {
  hid_t id;
  herr_t (*closer)(hid_t);
  Owned(hid_t given, herr_t (*close)(hid_t), const std::string& what) : id(must(given, what)), closer(close) {}
  ~Owned() { closer(id); }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  operator hid_t() const { return id; }
};

std::string trimmed(const char* data, size_t width) {
  std::string text(data, width);
  text.resize(text.find_last_not_of('\0') + 1);
  return text;
}

size_t points(hid_t space) {
  return static_cast<size_t>(must(H5Sget_simple_extent_npoints(space), "shape"));
}

template <class T>
std::vector<T> read_all(hid_t file, const std::string& dataset, hid_t memory) {
  const Owned set(H5Dopen2(file, dataset.c_str(), H5P_DEFAULT), H5Dclose, dataset);
  const Owned space(H5Dget_space(set), H5Sclose, dataset);
  std::vector<T> values(points(space));
  if (!values.empty()) must(H5Dread(set, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), dataset);
  return values;
}

}  // namespace

StoredFile::StoredFile(const std::string& path, bool change) {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  file_ = must(H5Fopen(path.c_str(), change ? H5F_ACC_RDWR : H5F_ACC_RDONLY, H5P_DEFAULT), path);
}

StoredFile::~StoredFile() {
  H5Fclose(file_);
}

bool StoredFile::exists(const std::string& object) const {
  return H5Lexists(file_, object.c_str(), H5P_DEFAULT) > 0;
}

std::string StoredFile::text_attribute(const std::string& object, const std::string& name) const {
  if (H5Aexists_by_name(file_, object.c_str(), name.c_str(), H5P_DEFAULT) <= 0) return "<none>";
  return texts_attribute(object, name).at(0);
}

std::vector<std::string> StoredFile::texts_attribute(const std::string& object, const std::string& name) const {
  const Owned attribute(H5Aopen_by_name(file_, object.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose, name);
  const Owned type(H5Aget_type(attribute), H5Tclose, name);
  const Owned space(H5Aget_space(attribute), H5Sclose, name);
  const size_t count = points(space);
  std::vector<std::string> out;
  if (count == 0) return out;
  if (H5Tis_variable_str(type) > 0) {
    std::vector<char*> texts(count, nullptr);
    must(H5Aread(attribute, type, texts.data()), name);
    for (const char* text : texts) out.emplace_back(text == nullptr ? "" : text);
    H5Dvlen_reclaim(type, space, H5P_DEFAULT, texts.data());
    return out;
  }
  const size_t width = H5Tget_size(type);
  std::vector<char> bytes(count * width);
  must(H5Aread(attribute, type, bytes.data()), name);
  for (size_t i = 0; i < count; ++i) out.push_back(trimmed(bytes.data() + i * width, width));
  return out;
}

std::vector<int64_t> StoredFile::shape(const std::string& dataset) const {
  const Owned set(H5Dopen2(file_, dataset.c_str(), H5P_DEFAULT), H5Dclose, dataset);
  const Owned space(H5Dget_space(set), H5Sclose, dataset);
  std::vector<hsize_t> sizes(static_cast<size_t>(must(H5Sget_simple_extent_ndims(space), dataset)));
  H5Sget_simple_extent_dims(space, sizes.data(), nullptr);
  return {sizes.begin(), sizes.end()};
}

std::string StoredFile::type(const std::string& dataset) const {
  const Owned set(H5Dopen2(file_, dataset.c_str(), H5P_DEFAULT), H5Dclose, dataset);
  const Owned type(H5Dget_type(set), H5Tclose, dataset);
  const std::string bytes = std::to_string(H5Tget_size(type));
  const std::string bits = std::to_string(8 * H5Tget_size(type));
  switch (H5Tget_class(type)) {
    case H5T_INTEGER:
      return (H5Tget_sign(type) == H5T_SGN_NONE ? "uint" : "int") + bits;
    case H5T_FLOAT:
      return "float" + bits;
    case H5T_STRING:
      return H5Tis_variable_str(type) > 0 ? "text" : "text" + bytes;
    default:
      return "other";
  }
}

std::vector<double> StoredFile::numbers(const std::string& dataset) const {
  return read_all<double>(file_, dataset, H5T_NATIVE_DOUBLE);
}

std::vector<int64_t> StoredFile::integers(const std::string& dataset) const {
  return read_all<int64_t>(file_, dataset, H5T_NATIVE_INT64);
}

std::vector<std::string> StoredFile::texts(const std::string& dataset) const {
  const Owned set(H5Dopen2(file_, dataset.c_str(), H5P_DEFAULT), H5Dclose, dataset);
  const Owned type(H5Dget_type(set), H5Tclose, dataset);
  const Owned space(H5Dget_space(set), H5Sclose, dataset);
  const size_t count = points(space), width = H5Tget_size(type);
  std::vector<char> bytes(count * width);
  if (count > 0) must(H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()), dataset);
  std::vector<std::string> out;
  for (size_t i = 0; i < count; ++i) out.push_back(trimmed(bytes.data() + i * width, width));
  return out;
}

std::vector<std::string> StoredFile::names(const std::string& group) const {
  std::vector<std::string> out;
  const auto add = [](hid_t, const char* name, const H5L_info_t*, void* data) -> herr_t {
    static_cast<std::vector<std::string>*>(data)->emplace_back(name);
    return 0;
  };
  const Owned owner(H5Gopen2(file_, group.c_str(), H5P_DEFAULT), H5Gclose, group);
  must(H5Literate(owner, H5_INDEX_NAME, H5_ITER_INC, nullptr, add, &out), group);
  return out;
}

void StoredFile::poke(const std::string& dataset, size_t index, double value) {
  std::vector<double> values = numbers(dataset);
  values.at(index) = value;
  const Owned set(H5Dopen2(file_, dataset.c_str(), H5P_DEFAULT), H5Dclose, dataset);
  must(H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), dataset);
}

void StoredFile::reshape(const std::string& dataset, const std::vector<int64_t>& shape) {
  remove(dataset);
  const std::vector<hsize_t> sizes(shape.begin(), shape.end());
  const Owned space(H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr), H5Sclose, dataset);
  const Owned set(H5Dcreate2(file_, dataset.c_str(), H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                  H5Dclose, dataset);
  const std::vector<double> zeros(points(space));
  must(H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, zeros.data()), dataset);
}

void StoredFile::remove(const std::string& object) {
  must(H5Ldelete(file_, object.c_str(), H5P_DEFAULT), object);
}

void StoredFile::set_integer_attribute(const std::string& object, const std::string& name, int64_t value) {
  must(H5Adelete_by_name(file_, object.c_str(), name.c_str(), H5P_DEFAULT), name);
  const Owned space(H5Screate(H5S_SCALAR), H5Sclose, name);
  const Owned attribute(H5Acreate_by_name(file_, object.c_str(), name.c_str(), H5T_STD_I64LE, space, H5P_DEFAULT,
                                          H5P_DEFAULT, H5P_DEFAULT),
                        H5Aclose, name);
  must(H5Awrite(attribute, H5T_NATIVE_INT64, &value), name);
}

}  // namespace clientele::test
