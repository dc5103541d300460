#include "tests/support/h5_writer.h"

#include <hdf5.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>

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

hid_t half_type(bool big) {
  const hid_t type = H5Tcopy(big ? H5T_IEEE_F32BE : H5T_IEEE_F32LE);
  must(H5Tset_fields(type, 15, 10, 5, 0, 10), "half fields");
  must(H5Tset_ebias(type, 15), "half bias");
  must(H5Tset_size(type, 2), "half size");
  return type;
}

hid_t bool_type() {
  const hid_t type = H5Tenum_create(H5T_STD_I8LE);
  for (const auto& [name, value] : {std::pair<const char*, int8_t>{"FALSE", 0}, {"TRUE", 1}}) {
    must(H5Tenum_insert(type, name, &value), "bool member");
  }
  return type;
}

hid_t number_type(std::string name) {
  const bool big = name[0] == '>';
  if (big) name.erase(0, 1);
  if (name == "bool") return bool_type();
  if (name == "bits") return H5Tcopy(H5T_STD_B8LE);
  if (name == "f2") return half_type(big);
  if (name == "f4") return H5Tcopy(big ? H5T_IEEE_F32BE : H5T_IEEE_F32LE);
  if (name == "f8") return H5Tcopy(big ? H5T_IEEE_F64BE : H5T_IEEE_F64LE);
  if (name == "f10") return H5Tcopy(H5T_NATIVE_LDOUBLE);
  const hid_t type = H5Tcopy(name[0] == 'u' ? H5T_STD_U64LE : H5T_STD_I64LE);
  must(H5Tset_size(type, static_cast<size_t>(name[1] - '0')), "integer size");
  must(H5Tset_order(type, big ? H5T_ORDER_BE : H5T_ORDER_LE), "integer order");
  return type;
}

/// The memory type that doubles are written from; enums and bit fields are written from bytes.
bool is_byte_flag(const std::string& type) {
  return type == "bool" || type == "bits";
}

hid_t text_type(int64_t width, const std::string& padding) {
  const hid_t type = H5Tcopy(H5T_C_S1);
  must(H5Tset_size(type, width == 0 ? H5T_VARIABLE : static_cast<size_t>(width)), "text size");
  must(H5Tset_cset(type, H5T_CSET_UTF8), "text set");
  if (width > 0) must(H5Tset_strpad(type, padding == "space" ? H5T_STR_SPACEPAD : H5T_STR_NULLPAD), "text padding");
  return type;
}

hid_t creation(const Stored& stored) {
  const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
  if (stored.compact) must(H5Pset_layout(properties, H5D_COMPACT), "compact");
  if (stored.chunk.empty()) return properties;
  must(H5Pset_chunk(properties, static_cast<int>(stored.chunk.size()), extent(stored.chunk).data()), "chunk");
  if (stored.shuffle) must(H5Pset_shuffle(properties), "shuffle");
  if (stored.gzip > 0) must(H5Pset_deflate(properties, static_cast<unsigned>(stored.gzip)), "gzip");
  const unsigned lzf[3] = {4, 0x0105, 0};
  if (stored.lzf) must(H5Pset_filter(properties, 32000, H5Z_FLAG_OPTIONAL, 3, lzf), "lzf");
  if (stored.fletcher32) must(H5Pset_fletcher32(properties), "fletcher32");
  if (stored.raw_edges) must(H5Pset_chunk_opts(properties, H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS), "raw edges");
  return properties;
}

hid_t create_dataset(int64_t file, const std::string& path, hid_t type, const std::vector<int64_t>& shape,
                     const Stored& stored) {
  std::vector<hsize_t> most = extent(shape);
  if (stored.growing) most[0] = H5S_UNLIMITED;
  const hid_t space = shape.empty()
                          ? H5Screate(H5S_SCALAR)
                          : H5Screate_simple(static_cast<int>(shape.size()), extent(shape).data(), most.data());
  const hid_t links = H5Pcreate(H5P_LINK_CREATE);
  H5Pset_create_intermediate_group(links, 1);
  const hid_t properties = creation(stored);
  const hid_t id =
      must(H5Dcreate2(file, path.c_str(), type, must(space, "space"), links, properties, H5P_DEFAULT), path.c_str());
  H5Pclose(properties);
  H5Pclose(links);
  H5Sclose(space);
  return id;
}

std::vector<unsigned char> shuffled(const std::vector<unsigned char>& bytes, size_t element) {
  std::vector<unsigned char> out(bytes.size());
  const size_t n = bytes.size() / element;
  for (size_t i = 0; i < n; ++i) {
    for (size_t b = 0; b < element; ++b) out[b * n + i] = bytes[i * element + b];
  }
  return out;
}

std::vector<unsigned char> converted(hid_t type, const std::string& name, const std::vector<double>& values) {
  const size_t element = H5Tget_size(type);
  std::vector<unsigned char> bytes(values.size() * std::max(element, sizeof(double)));
  if (is_byte_flag(name)) {
    for (size_t i = 0; i < values.size(); ++i) bytes[i] = static_cast<unsigned char>(values[i]);
  } else {
    if (!values.empty()) std::memcpy(bytes.data(), values.data(), values.size() * sizeof(double));
    must(H5Tconvert(H5T_NATIVE_DOUBLE, type, values.size(), bytes.data(), nullptr, H5P_DEFAULT), "conversion");
  }
  bytes.resize(values.size() * element);
  return bytes;
}

}  // namespace

H5Writer::H5Writer(std::string path, int64_t user_block, bool newest_format) : path_(std::move(path)) {
  H5dont_atexit();
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  const hid_t properties = H5Pcreate(H5P_FILE_CREATE);
  if (user_block > 0) must(H5Pset_userblock(properties, static_cast<hsize_t>(user_block)), "user block");
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  if (newest_format) must(H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST), "format version");
  file_ = must(H5Fcreate(path_.c_str(), H5F_ACC_TRUNC, properties, access), "create");
  H5Pclose(access);
  H5Pclose(properties);
}

H5Writer::~H5Writer() {
  H5Fclose(file_);
}

void H5Writer::group(const std::string& path) {
  const hid_t links = H5Pcreate(H5P_LINK_CREATE);
  H5Pset_create_intermediate_group(links, 1);
  H5Gclose(must(H5Gcreate2(file_, path.c_str(), links, H5P_DEFAULT, H5P_DEFAULT), path.c_str()));
  H5Pclose(links);
}

void H5Writer::numbers(const std::string& path, const std::string& type, const std::vector<int64_t>& shape,
                       const std::vector<double>& values, const Stored& stored) {
  const hid_t file_type = must(number_type(type), "type");
  const hid_t id = create_dataset(file_, path, file_type, shape, stored);
  const std::vector<unsigned char> bytes = converted(file_type, type, values);
  if (stored.lzf) {
    write_lzf(id, static_cast<int64_t>(H5Tget_size(file_type)), shape, bytes, stored);
  } else if (!values.empty()) {
    must(H5Dwrite(id, file_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()), "write");
  }
  H5Dclose(id);
  H5Tclose(file_type);
}

void H5Writer::integers(const std::string& path, const std::string& type, const std::vector<int64_t>& values,
                        const Stored& stored) {
  const hid_t file_type = must(number_type(type), "type");
  const hid_t id = create_dataset(file_, path, file_type, {static_cast<int64_t>(values.size())}, stored);
  const bool wide = type == "u8" || type == ">u8";
  if (!values.empty())
    must(H5Dwrite(id, wide ? H5T_NATIVE_UINT64 : H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()),
         "write");
  H5Dclose(id);
  H5Tclose(file_type);
}

/// Chunk by chunk in row-major order, edges padded with zeros, as the library pads them.
void H5Writer::write_lzf(int64_t dataset, int64_t element_bytes, const std::vector<int64_t>& shape,
                         const std::vector<unsigned char>& bytes, const Stored& stored) {
  const int64_t d = shape.size() > 1 ? shape[1] : 1, chunk_rows = stored.chunk[0],
                width = stored.chunk.size() > 1 ? stored.chunk[1] : 1;
  int count = 0;
  for (int64_t row = 0; row < shape[0]; row += chunk_rows) {
    for (int64_t column = 0; column < d; column += width) {
      std::vector<unsigned char> chunk(static_cast<size_t>(chunk_rows * width * element_bytes));
      for (int64_t r = row; r < std::min(row + chunk_rows, shape[0]); ++r) {
        const int64_t run = std::min(width, d - column);
        std::memcpy(chunk.data() + (r - row) * width * element_bytes, bytes.data() + (r * d + column) * element_bytes,
                    static_cast<size_t>(run * element_bytes));
      }
      const bool skip = stored.skip_every > 0 && ++count % stored.skip_every == 0;
      if (!skip && stored.shuffle) chunk = shuffled(chunk, static_cast<size_t>(element_bytes));
      if (!skip) chunk = lzf_encoded(chunk);
      const hsize_t offset[2] = {static_cast<hsize_t>(row), static_cast<hsize_t>(column)};
      must(H5Dwrite_chunk(dataset, H5P_DEFAULT, skip ? 0xFFu : 0u, offset, chunk.size(), chunk.data()), "raw chunk");
    }
  }
}

void H5Writer::texts(const std::string& path, const std::vector<std::string>& values, int64_t width,
                     const Stored& stored, const std::string& padding) {
  const hid_t type = must(text_type(width, padding), "text");
  const hid_t id = create_dataset(file_, path, type, {static_cast<int64_t>(values.size())}, stored);
  std::vector<const char*> pointers;
  std::string bytes(values.size() * static_cast<size_t>(width), padding == "space" ? ' ' : '\0');
  for (size_t i = 0; i < values.size(); ++i) {
    pointers.push_back(values[i].c_str());
    if (width > 0) values[i].copy(bytes.data() + i * static_cast<size_t>(width), static_cast<size_t>(width));
  }
  const void* data = width > 0 ? static_cast<const void*>(bytes.data()) : static_cast<const void*>(pointers.data());
  if (!values.empty()) must(H5Dwrite(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data), "write texts");
  H5Dclose(id);
  H5Tclose(type);
}

void H5Writer::enumeration(const std::string& path, const std::vector<std::string>& names,
                           const std::vector<int64_t>& values) {
  const hid_t type = H5Tenum_create(H5T_STD_I16LE);
  for (size_t i = 0; i < names.size(); ++i) {
    const auto value = static_cast<int16_t>(i);
    must(H5Tenum_insert(type, names[i].c_str(), &value), "member");
  }
  const std::vector<int16_t> stored(values.begin(), values.end());
  const hid_t id = create_dataset(file_, path, type, {static_cast<int64_t>(values.size())}, {});
  must(H5Dwrite(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, stored.data()), "write enum");
  H5Dclose(id);
  H5Tclose(type);
}

void H5Writer::records(const std::string& path, const std::vector<RecordColumn>& columns, const Stored& stored) {
  std::vector<hid_t> types;
  size_t bytes = 0;
  for (const RecordColumn& column : columns) {
    types.push_back(column.texts.empty() ? number_type(column.type) : text_type(column.width, "null"));
    bytes += H5Tget_size(types.back());
  }
  const hid_t record = must(H5Tcreate(H5T_COMPOUND, bytes), "record");
  size_t offset = 0;
  for (size_t i = 0; i < columns.size(); ++i) {
    must(H5Tinsert(record, columns[i].name.c_str(), offset, types[i]), "field");
    offset += H5Tget_size(types[i]);
  }
  const size_t n = std::max(columns[0].numbers.size(), columns[0].texts.size());
  std::vector<unsigned char> data(n * bytes);
  offset = 0;
  for (size_t i = 0; i < columns.size(); ++i) {
    const size_t size = H5Tget_size(types[i]);
    const std::vector<unsigned char> column = columns[i].texts.empty()
                                                  ? converted(types[i], columns[i].type, columns[i].numbers)
                                                  : std::vector<unsigned char>();
    for (size_t r = 0; r < n; ++r) {
      unsigned char* to = data.data() + r * bytes + offset;
      if (columns[i].texts.empty()) {
        std::memcpy(to, column.data() + r * size, size);
      } else if (columns[i].width == 0) {
        const char* text = columns[i].texts[r].c_str();
        std::memcpy(to, &text, sizeof text);
      } else {
        columns[i].texts[r].copy(reinterpret_cast<char*>(to), size);
      }
    }
    offset += size;
  }
  const hid_t id = create_dataset(file_, path, record, {static_cast<int64_t>(n)}, stored);
  if (n > 0) must(H5Dwrite(id, record, H5S_ALL, H5S_ALL, H5P_DEFAULT, data.data()), "write records");
  H5Dclose(id);
  H5Tclose(record);
  for (const hid_t type : types) H5Tclose(type);
}

}  // namespace clientele::test
