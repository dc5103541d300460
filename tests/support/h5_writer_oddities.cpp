// Links, attributes, and the datasets that a reader must refuse or fill.
#include <hdf5.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "tests/support/h5_writer.h"

namespace clientele::test {
namespace {

template <class Result>
Result must(Result result, const char* what) {
  if (result < 0) throw std::runtime_error(std::string("fixture: ") + what);
  return result;
}

std::vector<hsize_t> extent(const std::vector<int64_t>& shape) {
  return {shape.begin(), shape.end()};
}

hid_t create(int64_t file, const std::string& path, hid_t type, const std::vector<int64_t>& shape, hid_t properties) {
  const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), extent(shape).data(), nullptr);
  const hid_t id =
      must(H5Dcreate2(file, path.c_str(), type, space, H5P_DEFAULT, properties, H5P_DEFAULT), path.c_str());
  H5Sclose(space);
  H5Pclose(properties);
  return id;
}

}  // namespace

void H5Writer::sparse_matrix(const std::string& path, int64_t rows, int64_t columns, const std::vector<int64_t>& chunk,
                             float fill, const std::vector<double>& values, const std::vector<int64_t>& written) {
  const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
  must(H5Pset_chunk(properties, 2, extent(chunk).data()), "chunk");
  must(H5Pset_deflate(properties, 1), "gzip");
  must(H5Pset_fill_value(properties, H5T_NATIVE_FLOAT, &fill), "fill");
  const hid_t id = create(file_, path, H5T_IEEE_F32LE, {rows, columns}, properties);
  const int64_t across = (columns + chunk[1] - 1) / chunk[1];
  for (const int64_t at : written) {
    const int64_t row = at / across * chunk[0], column = at % across * chunk[1];
    const hsize_t start[2] = {static_cast<hsize_t>(row), static_cast<hsize_t>(column)};
    const hsize_t count[2] = {static_cast<hsize_t>(std::min(chunk[0], rows - row)),
                              static_cast<hsize_t>(std::min(chunk[1], columns - column))};
    const hid_t space = H5Dget_space(id);
    const hsize_t whole[2] = {static_cast<hsize_t>(rows), static_cast<hsize_t>(columns)};
    const hid_t memory = H5Screate_simple(2, whole, nullptr);
    must(H5Sselect_hyperslab(space, H5S_SELECT_SET, start, nullptr, count, nullptr), "select");
    must(H5Sselect_hyperslab(memory, H5S_SELECT_SET, start, nullptr, count, nullptr), "select");
    must(H5Dwrite(id, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, values.data()), "write");
    H5Sclose(memory);
    H5Sclose(space);
  }
  H5Dclose(id);
}

void H5Writer::declared(const std::string& path, const std::vector<int64_t>& shape, const Stored& stored) {
  const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
  if (!stored.chunk.empty())
    must(H5Pset_chunk(properties, static_cast<int>(stored.chunk.size()), extent(stored.chunk).data()), "chunk");
  if (stored.gzip > 0) must(H5Pset_deflate(properties, static_cast<unsigned>(stored.gzip)), "gzip");
  H5Dclose(create(file_, path, H5T_IEEE_F32LE, shape, properties));
}

void H5Writer::text_matrix(const std::string& path, int64_t rows, int64_t columns) {
  const hid_t type = H5Tcopy(H5T_C_S1);
  must(H5Tset_size(type, 4), "size");
  H5Dclose(create(file_, path, type, {rows, columns}, H5Pcreate(H5P_DATASET_CREATE)));
  H5Tclose(type);
}

void H5Writer::with_filter(const std::string& path, int filter_id) {
  const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
  must(H5Pset_chunk(properties, 2, extent({4, 2}).data()), "chunk");
  must(H5Pset_filter(properties, filter_id, H5Z_FLAG_OPTIONAL, 0, nullptr), "filter");
  const hid_t id = create(file_, path, H5T_IEEE_F32LE, {4, 2}, properties);
  const float values[8] = {};
  const hsize_t offset[2] = {0, 0};
  must(H5Dwrite_chunk(id, H5P_DEFAULT, 0, offset, sizeof values, values), "raw chunk");
  H5Dclose(id);
}

void H5Writer::lzf_copy(const std::string& from, const std::string& to, int64_t chunk_rows) {
  const hid_t source = must(H5Dopen2(file_, from.c_str(), H5P_DEFAULT), from.c_str());
  const hid_t type = H5Dget_type(source), space = H5Dget_space(source), properties = H5Pcreate(H5P_DATASET_CREATE);
  must(H5Pset_chunk(properties, 1, extent({chunk_rows}).data()), "chunk");
  must(H5Pset_filter(properties, 32000, H5Z_FLAG_OPTIONAL, 0, nullptr), "lzf");
  const hid_t copy = must(H5Dcreate2(file_, to.c_str(), type, space, H5P_DEFAULT, properties, H5P_DEFAULT), to.c_str());
  const auto rows = static_cast<int64_t>(H5Sget_simple_extent_npoints(space));
  for (int64_t row = 0; row < rows; row += chunk_rows) {
    const hsize_t offset = static_cast<hsize_t>(row);
    hsize_t bytes = 0;
    uint32_t mask = 0;
    must(H5Dget_chunk_storage_size(source, &offset, &bytes), "size of a chunk");
    std::vector<unsigned char> chunk(bytes);
    must(H5Dread_chunk(source, H5P_DEFAULT, &offset, &mask, chunk.data()), "raw chunk");
    chunk = lzf_encoded(chunk);
    must(H5Dwrite_chunk(copy, H5P_DEFAULT, 0, &offset, chunk.size(), chunk.data()), "raw chunk");
  }
  H5Dclose(copy);
  H5Pclose(properties);
  H5Sclose(space);
  H5Tclose(type);
  H5Dclose(source);
}

void H5Writer::external_storage(const std::string& path, const std::string& raw_file) {
  const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
  must(H5Pset_external(properties, raw_file.c_str(), 0, 4 * 2 * sizeof(float)), "external");
  H5Dclose(create(file_, path, H5T_IEEE_F32LE, {4, 2}, properties));
}

void H5Writer::virtual_dataset(const std::string& path, const std::string& source_file, const std::string& source) {
  const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
  const hid_t space = H5Screate_simple(2, extent({4, 2}).data(), nullptr);
  must(H5Pset_virtual(properties, space, source_file.c_str(), source.c_str(), space), "virtual");
  H5Sclose(space);
  H5Dclose(create(file_, path, H5T_IEEE_F32LE, {4, 2}, properties));
}

void H5Writer::external_link(const std::string& path, const std::string& file, const std::string& target) {
  must(H5Lcreate_external(file.c_str(), target.c_str(), file_, path.c_str(), H5P_DEFAULT, H5P_DEFAULT),
       "external link");
}

void H5Writer::soft_link(const std::string& path, const std::string& target) {
  must(H5Lcreate_soft(target.c_str(), file_, path.c_str(), H5P_DEFAULT, H5P_DEFAULT), "soft link");
}

void H5Writer::hard_link(const std::string& path, const std::string& target) {
  must(H5Lcreate_hard(file_, target.c_str(), file_, path.c_str(), H5P_DEFAULT, H5P_DEFAULT), "hard link");
}

void H5Writer::text_attribute(const std::string& object, const std::string& name, const std::string& value) {
  const hid_t type = H5Tcopy(H5T_C_S1);
  must(H5Tset_size(type, std::max<size_t>(1, value.size())), "size");
  const hid_t space = H5Screate(H5S_SCALAR);
  const hid_t id =
      must(H5Acreate_by_name(file_, object.c_str(), name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
           "attribute");
  must(H5Awrite(id, type, value.c_str()), "write attribute");
  H5Aclose(id);
  H5Sclose(space);
  H5Tclose(type);
}

void H5Writer::texts_attribute(const std::string& object, const std::string& name,
                               const std::vector<std::string>& values, bool variable) {
  size_t width = 1;
  for (const std::string& value : values) width = std::max(width, value.size());
  const hid_t type = H5Tcopy(H5T_C_S1);
  must(H5Tset_size(type, variable ? H5T_VARIABLE : width), "size");
  const hsize_t count = values.size();
  const hid_t space = H5Screate_simple(1, &count, nullptr);
  const hid_t id =
      must(H5Acreate_by_name(file_, object.c_str(), name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
           "attribute");
  std::string bytes(values.size() * width, '\0');
  std::vector<const char*> pointers;
  for (size_t i = 0; i < values.size(); ++i) {
    values[i].copy(bytes.data() + i * width, width);
    pointers.push_back(values[i].c_str());
  }
  must(
      H5Awrite(id, type, variable ? static_cast<const void*>(pointers.data()) : static_cast<const void*>(bytes.data())),
      "write attribute");
  H5Aclose(id);
  H5Sclose(space);
  H5Tclose(type);
}

void H5Writer::integers_attribute(const std::string& object, const std::string& name,
                                  const std::vector<int64_t>& values) {
  const hsize_t count = values.size();
  const hid_t space = H5Screate_simple(1, &count, nullptr);
  const hid_t id = must(H5Acreate_by_name(file_, object.c_str(), name.c_str(), H5T_STD_I64LE, space, H5P_DEFAULT,
                                          H5P_DEFAULT, H5P_DEFAULT),
                        "attribute");
  must(H5Awrite(id, H5T_NATIVE_INT64, values.data()), "write attribute");
  H5Aclose(id);
  H5Sclose(space);
}

void H5Writer::empty_attribute(const std::string& object, const std::string& name) {
  const hsize_t none = 0;
  const hid_t space = H5Screate_simple(1, &none, nullptr);
  const hid_t id = must(H5Acreate_by_name(file_, object.c_str(), name.c_str(), H5T_IEEE_F64LE, space, H5P_DEFAULT,
                                          H5P_DEFAULT, H5P_DEFAULT),
                        "attribute");
  H5Aclose(id);
  H5Sclose(space);
}

/// Control byte c < 32: c + 1 literals follow. Else a back reference: (c >> 5) + 2 bytes (7: one more length byte) from
/// a distance of
/// ((c & 31) << 8 | next byte) + 1.
std::vector<unsigned char> lzf_encoded(const std::vector<unsigned char>& bytes) {
  std::vector<unsigned char> out;
  for (size_t i = 0; i < bytes.size();) {
    size_t run = 0;  // of bytes equal to the one before
    while (i > 0 && i + run < bytes.size() && bytes[i + run] == bytes[i - 1] && run < 264) ++run;
    if (run >= 3) {
      const size_t length = run - 2;
      out.push_back(static_cast<unsigned char>(std::min<size_t>(length, 7) << 5));
      if (length >= 7) out.push_back(static_cast<unsigned char>(length - 7));
      out.push_back(0);
      i += run;
      continue;
    }
    size_t literals = 1;
    while (literals < 32 && i + literals < bytes.size() && bytes[i + literals] != bytes[i + literals - 1]) ++literals;
    out.push_back(static_cast<unsigned char>(literals - 1));
    out.insert(out.end(), bytes.begin() + static_cast<int64_t>(i), bytes.begin() + static_cast<int64_t>(i + literals));
    i += literals;
  }
  return out;
}

void damage_first_chunk(const std::string& path, const std::string& dataset) {
  const hid_t file = must(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), "open");
  const hid_t id = must(H5Dopen2(file, dataset.c_str(), H5P_DEFAULT), "open dataset");
  const hid_t space = H5Dget_space(id);
  haddr_t address = 0;
  hsize_t bytes = 0;
  must(H5Dget_chunk_info(id, space, 0, nullptr, nullptr, &address, &bytes), "chunk info");
  H5Sclose(space);
  H5Dclose(id);
  H5Fclose(file);
  std::fstream stream(path, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(static_cast<std::streamoff>(address + bytes / 2));
  stream.write("\xA5\x5A\xA5\x5A\xA5\x5A\xA5\x5A", 8);
}

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "clientele-test-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("fixture: no temporary folder");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace clientele::test
