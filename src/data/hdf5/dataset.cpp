#include "dataset.h"

#include <algorithm>

#include "describe_type.h"
#include "handles.h"

namespace clientele::h5 {
namespace {

constexpr int kMostDimensions = 8;
constexpr int kMostFilters = 16;
constexpr int64_t kLargestChunk = int64_t{2} << 30;
constexpr int64_t kBombBytes = int64_t{4} << 30;
constexpr int64_t kBombRatio = 1000;
constexpr int64_t kEmptyBombBytes = int64_t{256} << 20;  ///< what a file may declare that stores next to nothing of it
constexpr int64_t kEmptyBombRatio = 1'000'000;           ///< a thousand times what deflate can reach
constexpr size_t kMostParameters = 64;

void refuse(Dataset& set, const std::string& why, const std::string& hint) {
  if (!set.refusal.empty()) return;
  set.refusal = why;
  set.refusal_hint = hint;
}

void describe_shape(hid_t id, Dataset& set) {
  const Handle space(H5Dget_space(id), H5Sclose);
  const int rank = space.valid() ? H5Sget_simple_extent_ndims(space) : -1;
  const H5S_class_t cls = space.valid() ? H5Sget_simple_extent_type(space) : H5S_NO_CLASS;
  if (rank < 0 || rank > kMostDimensions) return refuse(set, "its shape cannot be read or has too many dimensions", "");
  if (cls == H5S_NULL) {
    set.shape = {0};
    return;
  }
  std::vector<hsize_t> extent(static_cast<size_t>(rank));
  if (rank > 0) H5Sget_simple_extent_dims(space, extent.data(), nullptr);
  int64_t bytes = set.type.bytes;
  for (const hsize_t length : extent) {
    int64_t product = 0;
    const bool fits = length < (hsize_t{1} << 62);
    if (!fits || __builtin_mul_overflow(bytes, static_cast<int64_t>(length), &product)) {
      return refuse(set, "its declared shape is absurd", "the file is damaged");
    }
    set.shape.push_back(static_cast<int64_t>(length));
    bytes = product;
  }
  set.decoded_bytes = bytes;
}

void describe_filters(hid_t properties, Dataset& set) {
  const int count = H5Pget_nfilters(properties);
  if (count < 0 || count > kMostFilters) return refuse(set, "its filters cannot be read", "the file is damaged");
  for (unsigned i = 0; i < static_cast<unsigned>(count); ++i) {
    unsigned flags = 0, config = 0;
    size_t parameters = kMostParameters;
    unsigned values[kMostParameters] = {};
    const H5Z_filter_t id = H5Pget_filter2(properties, i, &flags, &parameters, values, 0, nullptr, &config);
    if (id < 0 || parameters > kMostParameters) return refuse(set, "its filters cannot be read", "the file is damaged");
    Filter filter{id, filter_name(id), {}};
    filter.parameters.assign(values, values + parameters);
    set.filters.push_back(std::move(filter));
  }
  if (decoded_here(set.filters) || decoded_by_library(set.filters)) return;
  for (const Filter& filter : set.filters) {
    if (decoded_here({filter}) || decoded_by_library({filter})) continue;
    return refuse(set, "its filter " + std::to_string(filter.id) + " (" + filter.name + ") is not known here",
                  "write it again with gzip, lzf, shuffle or fletcher32");
  }
  refuse(set, "its combination of filters is not known here", "write it again with one of gzip and lzf");
}

/// Bytes of an element in the file: a text or list of variable length is its length, an address and an index there,
/// whatever it is in memory.
int64_t bytes_in_file(hid_t type, int64_t address_bytes) {
  const auto size = [](hid_t id) { return static_cast<int64_t>(H5Tget_size(id)); };
  const H5T_class_t cls = H5Tget_class(type);
  if (cls == H5T_VLEN || (cls == H5T_STRING && H5Tis_variable_str(type) > 0)) return 8 + address_bytes;
  if (cls == H5T_ARRAY) {
    const Handle element(H5Tget_super(type), H5Tclose);
    return size(element) == 0 ? size(type) : size(type) / size(element) * bytes_in_file(element, address_bytes);
  }
  if (cls != H5T_COMPOUND) return size(type);
  int64_t bytes = size(type);
  const int members = H5Tget_nmembers(type);
  for (unsigned i = 0; i < static_cast<unsigned>(std::max(members, 0)); ++i) {
    const Handle member(H5Tget_member_type(type, i), H5Tclose);
    bytes += bytes_in_file(member, address_bytes) - size(member);
  }
  return bytes;
}

int64_t address_bytes(const File& file) {
  const Handle properties(H5Fget_create_plist(file.handle()), H5Pclose);
  size_t address = 8, length = 8;
  if (properties.valid()) H5Pget_sizes(properties, &address, &length);
  return static_cast<int64_t>(address);
}

void describe_chunks(hid_t type, hid_t properties, Dataset& set) {
  set.storage = Storage::chunked;
  hsize_t extent[kMostDimensions] = {};
  const int rank = H5Pget_chunk(properties, kMostDimensions, extent);
  if (rank != static_cast<int>(set.shape.size()))
    return refuse(set, "its chunks cannot be read", "the file is damaged");
  int64_t bytes = bytes_in_file(type, address_bytes(*set.file));
  for (int i = 0; i < rank; ++i) {
    set.chunk.push_back(static_cast<int64_t>(extent[i]));
    if (extent[i] == 0 || __builtin_mul_overflow(bytes, set.chunk.back(), &bytes) || bytes > kLargestChunk) {
      return refuse(set, "its chunks are absurdly large", "write it again with chunks of about 1 MiB");
    }
  }
  set.chunk_bytes = bytes;
  describe_filters(properties, set);
}

void describe_contiguous(hid_t id, Dataset& set) {
  set.storage = Storage::contiguous;
  const haddr_t offset = H5Dget_offset(id);
  if (offset == HADDR_UNDEF) return;
  set.offset = static_cast<int64_t>(offset);
  const bool inside = set.offset >= 0 && set.offset <= set.file->size_bytes() &&
                      set.decoded_bytes <= set.file->size_bytes() - set.offset;
  if (!inside) refuse(set, "its data ends after the end of the file", "the file was cut short; write or copy it again");
}

void refuse_foreign_data(hid_t properties, Dataset& set) {
  const char* hint = "copy the data into the file; a file must not make the job read another one";
  const H5D_layout_t layout = H5Pget_layout(properties);
  if (layout == H5D_VIRTUAL) refuse(set, "it is a virtual dataset, whose data lies in other files", hint);
  if (layout == H5D_CONTIGUOUS && H5Pget_external_count(properties) != 0) {
    refuse(set, "its data lies in another file (external storage)", hint);
  }
}

void describe_storage(hid_t id, hid_t type, hid_t properties, Dataset& set) {
  switch (H5Pget_layout(properties)) {
    case H5D_COMPACT:
      set.storage = Storage::compact;
      break;
    case H5D_CONTIGUOUS:
      describe_contiguous(id, set);
      break;
    case H5D_CHUNKED:
      describe_chunks(type, properties, set);
      break;
    default:
      refuse(set, "its storage layout is not known", "");
      break;
  }
  if (!set.refusal.empty()) return;
  set.stored_bytes = static_cast<int64_t>(H5Dget_storage_size(id));
  const auto exceeds = [&](int64_t bytes, int64_t ratio) {
    return set.decoded_bytes > bytes && set.decoded_bytes / ratio > set.stored_bytes;
  };
  if (exceeds(kBombBytes, kBombRatio) || exceeds(kEmptyBombBytes, kEmptyBombRatio)) {
    refuse(set,
           "it declares " + std::to_string(set.decoded_bytes) + " bytes and stores " + std::to_string(set.stored_bytes),
           "more than 4 GiB and 1000 times the stored bytes is refused, and more than 256 MiB of next to nothing");
  }
}

std::string storage_text(const Dataset& set) {
  if (set.storage == Storage::contiguous) return "contiguous";
  if (set.storage == Storage::compact) return "compact";
  if (set.storage == Storage::other) return "other storage";
  std::string text = "chunks " + shape_text(set.chunk);
  for (const Filter& filter : set.filters) text += " " + filter.name;
  return text;
}

}  // namespace

std::string shape_text(const std::vector<int64_t>& shape) {
  if (shape.empty()) return "scalar";
  std::string text;
  for (const int64_t length : shape) text += (text.empty() ? "" : " x ") + std::to_string(length);
  return text;
}

std::string Dataset::line() const {
  return path + " " + type.text + " " + shape_text(shape) + ", " + storage_text(*this);
}

void Dataset::check_readable() const {
  if (refusal.empty()) return;
  throw Error(ErrorKind::input, {"dataset is refused", where(), "", refusal, refusal_hint});
}

Dataset describe_dataset(const std::shared_ptr<const File>& file, const std::string& path) {
  const Lock lock;
  Dataset set;
  set.file = file;
  set.path = path;
  const Handle id = own(H5Dopen2(file->handle(), path.c_str(), H5P_DEFAULT), H5Dclose, ErrorKind::input,
                        "cannot open a dataset", file->where(path));
  const Handle type(H5Dget_type(id), H5Tclose);
  if (type.valid()) set.type = describe_type(type);
  const Handle properties(H5Dget_create_plist(id), H5Pclose);
  if (!properties.valid()) refuse(set, "its storage cannot be read", "the file is damaged");
  // The shape of a virtual dataset is found by opening its sources: it must be refused before it is asked for.
  if (set.refusal.empty()) refuse_foreign_data(properties, set);
  if (set.refusal.empty()) describe_shape(id, set);
  if (set.refusal.empty()) describe_storage(id, type, properties, set);
  take_library_message();
  return set;
}

}  // namespace clientele::h5
