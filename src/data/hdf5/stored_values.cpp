#include "stored_values.h"

#include "dataset.h"
#include "handles.h"
#include "lzf_filter.h"

namespace clientele::h5 {

namespace {

constexpr const char* kDamaged = "the file is damaged or was changed by another program; use one that clientele wrote";

// A dataset whose every byte is in this file.
Dataset whole_dataset(const std::shared_ptr<const File>& file, const std::string& path) {
  const std::optional<std::string> real = file->resolve(path);
  if (!real || file->kind(*real) != ObjectKind::dataset)
    throw Error(ErrorKind::input, {"dataset is missing", file->where(path), "", "", kDamaged});
  Dataset set = describe_dataset(file, *real);
  set.check_readable();
  if (set.storage == Storage::contiguous && set.stored_bytes < set.decoded_bytes)
    throw Error(ErrorKind::input,
                {"dataset was never written", set.where(), std::to_string(set.decoded_bytes) + " bytes",
                 std::to_string(set.stored_bytes), kDamaged});
  return set;
}

Handle open_dataset(const std::shared_ptr<const File>& file, const Dataset& set) {
  return own(H5Dopen2(file->handle(), set.path.c_str(), H5P_DEFAULT), H5Dclose, ErrorKind::input,
             "cannot open a dataset", set.where());
}

Handle open_attribute(const std::shared_ptr<const File>& file, const std::string& name) {
  return own(H5Aopen_by_name(file->handle(), "/", name.c_str(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose, ErrorKind::input,
             "attribute is missing", file->where("/@" + name));
}

bool is_scalar(hid_t attribute) {
  const Handle space(H5Aget_space(attribute), H5Sclose);
  return space.valid() && H5Sget_simple_extent_npoints(space) == 1;
}

int64_t product(const std::vector<int64_t>& shape) {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  return count;
}

}  // namespace

StoredValues::StoredValues(const std::string& path) : file_(std::make_shared<File>(path)) {}

void StoredValues::fail(const std::string& what, const std::string& object, const std::string& expected,
                        const std::string& found) const {
  throw Error(ErrorKind::input, {what, where(object), expected, found, kDamaged});
}

bool StoredValues::has_attribute(const std::string& name) const {
  const Lock lock;
  const htri_t found = H5Aexists_by_name(file_->handle(), "/", name.c_str(), H5P_DEFAULT);
  take_library_message();
  return found > 0;
}

int64_t StoredValues::integer_attribute(const std::string& name) const {
  const Lock lock;
  const Handle attribute = open_attribute(file_, name);
  const Handle type =
      own(H5Aget_type(attribute), H5Tclose, ErrorKind::input, "cannot read an attribute", where("/@" + name));
  if (H5Tget_class(type) != H5T_INTEGER || !is_scalar(attribute))
    fail("attribute has the wrong type", "/@" + name, "one integer", "something else");
  int64_t value = 0;
  check(H5Aread(attribute, H5T_NATIVE_INT64, &value), ErrorKind::input, "cannot read an attribute", where("/@" + name));
  return value;
}

std::string StoredValues::text_attribute(const std::string& name, size_t most) const {
  const Lock lock;
  const Handle attribute = open_attribute(file_, name);
  const Handle type =
      own(H5Aget_type(attribute), H5Tclose, ErrorKind::input, "cannot read an attribute", where("/@" + name));
  const bool fixed = H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0;
  const size_t bytes = fixed ? H5Tget_size(type) : 0;
  if (bytes == 0 || bytes > most || !is_scalar(attribute))
    fail("attribute has the wrong type", "/@" + name, "one text of at most " + std::to_string(most) + " bytes",
         "something else");
  std::string value(bytes, '\0');
  check(H5Aread(attribute, type, value.data()), ErrorKind::input, "cannot read an attribute", where("/@" + name));
  value.resize(value.find_last_not_of('\0') + 1);
  return value;
}

bool StoredValues::holds(const std::string& path) const {
  return file_->resolve(path).has_value();
}

std::vector<int64_t> StoredValues::shape(const std::string& path) const {
  return whole_dataset(file_, path).shape;
}

template <class T>
std::vector<T> StoredValues::numbers(const std::string& path, const std::vector<int64_t>& expected, int64_t memory_type,
                                     bool integral) const {
  const Lock lock;
  const Dataset set = whole_dataset(file_, path);
  if (set.type.kind != ElementKind::number || (integral && set.type.form == NumberForm::floating))
    fail("dataset has the wrong type", path, integral ? "integers" : "numbers", set.type.text);
  if (set.shape != expected) fail("dataset has the wrong shape", path, shape_text(expected), shape_text(set.shape));
  std::vector<T> values(static_cast<size_t>(product(expected)));
  if (values.empty()) return values;
  const Handle dataset = open_dataset(file_, set);
  const LzfChunks chunks(set);
  check(H5Dread(dataset, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), ErrorKind::input,
        "cannot read a dataset", where(path));
  return values;
}

std::vector<double> StoredValues::doubles(const std::string& path, const std::vector<int64_t>& expected) const {
  return numbers<double>(path, expected, H5T_NATIVE_DOUBLE, false);
}

std::vector<float> StoredValues::floats(const std::string& path, const std::vector<int64_t>& expected) const {
  return numbers<float>(path, expected, H5T_NATIVE_FLOAT, false);
}

std::vector<int64_t> StoredValues::integers(const std::string& path, const std::vector<int64_t>& expected) const {
  return numbers<int64_t>(path, expected, H5T_NATIVE_INT64, true);
}

std::vector<std::string> StoredValues::texts(const std::string& path, int64_t count) const {
  const Lock lock;
  const Dataset set = whole_dataset(file_, path);
  if (set.type.kind != ElementKind::fixed_text)
    fail("dataset has the wrong type", path, "texts of fixed length", set.type.text);
  if (set.shape != std::vector<int64_t>{count})
    fail("dataset has the wrong shape", path, std::to_string(count), shape_text(set.shape));
  const auto width = static_cast<size_t>(set.type.bytes);
  std::string all(static_cast<size_t>(count) * width, '\0');
  if (count > 0) {
    const Handle dataset = open_dataset(file_, set);
    const LzfChunks chunks(set);
    const Handle type = own(H5Dget_type(dataset), H5Tclose, ErrorKind::input, "cannot read a dataset", where(path));
    check(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, all.data()), ErrorKind::input, "cannot read a dataset",
          where(path));
  }
  std::vector<std::string> values;
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
    std::string& value = values.emplace_back(all, i * width, width);
    value.resize(value.find_last_not_of('\0') + 1);
  }
  return values;
}

std::string StoredValues::bytes(const std::string& path) const {
  const Lock lock;
  const Dataset set = whole_dataset(file_, path);
  if (set.type.kind != ElementKind::number || set.type.form == NumberForm::floating || set.type.bytes != 1 ||
      set.shape.size() != 1)
    fail("dataset has the wrong type", path, "a list of bytes", set.type.text);
  std::string values(static_cast<size_t>(set.shape[0]), '\0');
  if (values.empty()) return values;
  const Handle dataset = open_dataset(file_, set);
  const LzfChunks chunks(set);
  const hid_t memory = set.type.form == NumberForm::signed_integer ? H5T_NATIVE_INT8 : H5T_NATIVE_UINT8;
  check(H5Dread(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), ErrorKind::input,
        "cannot read a dataset", where(path));
  return values;
}

}  // namespace clientele::h5
