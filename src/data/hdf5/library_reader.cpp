#include <algorithm>

#include "buffers.h"
#include "cell_reader.h"
#include "handles.h"
#include "lzf_filter.h"

namespace clientele::h5 {
namespace {

constexpr int64_t kPieceBytes = int64_t{4} << 20;
constexpr int64_t kMostCacheBytes = int64_t{1} << 30;
constexpr size_t kCacheSlots = 12421;  ///< a prime, a hundred times the chunks a cache usually holds

/// The type in memory: numbers that only the library understands become double, texts of variable length are left out.
ElementType delivered(const ElementType& type) {
  ElementType out = type;
  if (type.numeric() && !type.plain) {
    out.form = NumberForm::floating;
    out.big_endian = false;
    out.plain = true;
    out.bytes = sizeof(double);
  }
  if (type.kind != ElementKind::compound) return out;
  out.fields.clear();
  out.bytes = 0;
  for (const Field& field : type.fields) {
    if (field.type.kind == ElementKind::other || field.type.kind == ElementKind::compound) continue;
    if (field.type.kind == ElementKind::variable_text) continue;
    Field packed{field.name, out.bytes, delivered(field.type)};
    out.bytes += packed.type.bytes;
    out.fields.push_back(std::move(packed));
  }
  return out;
}

Handle memory_type(hid_t file_type, const ElementType& type, const std::string& where) {
  if (type.kind != ElementKind::compound) {
    const bool as_double = type.numeric() && type.form == NumberForm::floating && type.bytes == sizeof(double);
    const hid_t source = as_double && !type.big_endian ? H5T_NATIVE_DOUBLE : file_type;
    return own(H5Tcopy(source), H5Tclose, ErrorKind::input, "cannot use a type", where);
  }
  const auto bytes = static_cast<size_t>(std::max<int64_t>(1, type.bytes));
  Handle out = own(H5Tcreate(H5T_COMPOUND, bytes), H5Tclose, ErrorKind::input, "cannot use a type", where);
  for (const Field& field : type.fields) {
    const int index =
        check(H5Tget_member_index(file_type, field.name.c_str()), ErrorKind::input, "cannot use a type", where);
    const Handle member(H5Tget_member_type(file_type, static_cast<unsigned>(index)), H5Tclose);
    const Handle wanted = memory_type(member, field.type, where);
    check(H5Tinsert(out, field.name.c_str(), static_cast<size_t>(field.offset), wanted), ErrorKind::input,
          "cannot use a type", where);
  }
  return out;
}

Handle access(const Dataset& set, int threads) {
  Handle properties(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose);
  if (set.storage != Storage::chunked) return properties;
  const int64_t cells = set.shape.size() > 1 ? set.shape[1] : 1;
  const int64_t width = set.chunk.size() > 1 ? set.chunk[1] : 1;
  const int64_t row = set.chunk[0] * ((cells + width - 1) / width) * width * set.type.bytes;
  const int64_t bytes = std::min((threads + 1) * row, kMostCacheBytes);
  H5Pset_chunk_cache(properties, kCacheSlots, static_cast<size_t>(std::max(bytes, int64_t{1} << 20)), 1.0);
  return properties;
}

class LibraryReader : public CellReader {
 public:
  LibraryReader(const Dataset& set, int threads, const std::string& why)
      : CellReader(delivered(set.type), set),
        set_(set),
        where_(set.where()),
        why_(why),
        rank_(static_cast<int>(set.shape.size())) {
    const Lock lock;
    const Handle properties = access(set, threads);
    dataset_ = own(H5Dopen2(set.file->handle(), set.path.c_str(), properties), H5Dclose, ErrorKind::input,
                   "cannot open a dataset", where_);
    const Handle file_type = own(H5Dget_type(dataset_), H5Tclose, ErrorKind::input, "cannot use a type", where_);
    memory_type_ = memory_type(file_type, type_, where_);
    piece_rows_ = std::max<int64_t>(1, kPieceBytes / std::max<int64_t>(1, cells_ * type_.bytes));
    if (set.storage == Storage::chunked) piece_rows_ = std::max(piece_rows_, std::min<int64_t>(set.chunk[0], 65536));
  }

  void read(int64_t first_row, int64_t rows, std::span<const int64_t> wanted, const CellSink& sink) override {
    if (wanted.empty()) return;
    const int64_t first_cell = wanted.front(), cells = wanted.back() - first_cell + 1;
    const int64_t row_bytes = cells * type_.bytes;
    const Buffers::Bytes buffer = buffers_->take();
    for (int64_t done = 0; done < rows; done += piece_rows_) {
      const int64_t count = std::min(piece_rows_, rows - done);
      buffer->resize(std::max(buffer->size(), static_cast<size_t>(count * row_bytes)));
      read_piece(first_row + done, count, first_cell, cells, buffer->data());
      sink({first_row + done, count, first_cell, cells, buffer->data(), static_cast<size_t>(row_bytes)});
    }
  }

  std::string path() const override { return "library"; }
  std::string note() const override { return why_; }

 private:
  void read_piece(int64_t row, int64_t rows, int64_t cell, int64_t cells, void* out) {
    const Lock lock;
    const hsize_t start[2] = {static_cast<hsize_t>(row), static_cast<hsize_t>(cell)};
    const hsize_t count[2] = {static_cast<hsize_t>(rows), static_cast<hsize_t>(cells)};
    const char* what = "cannot read a dataset";
    const Handle file_space = own(H5Dget_space(dataset_), H5Sclose, ErrorKind::input, what, where_);
    if (rank_ > 0) {
      check(H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, nullptr, count, nullptr), ErrorKind::input, what,
            where_);
    }
    const Handle memory =
        own(H5Screate_simple(std::max(rank_, 1), count, nullptr), H5Sclose, ErrorKind::input, what, where_);
    const LzfChunks chunks(set_);
    check(H5Dread(dataset_, memory_type_, memory, file_space, H5P_DEFAULT, out), ErrorKind::input, what, where_);
  }

  Dataset set_;
  std::string where_;
  std::string why_;
  int rank_;
  Handle dataset_;
  Handle memory_type_;
  int64_t piece_rows_ = 1;
  std::shared_ptr<Buffers> buffers_ = std::make_shared<Buffers>();
};

bool only_the_library_converts(const ElementType& type) {
  if (type.numeric() && !type.plain) return true;
  return std::any_of(type.fields.begin(), type.fields.end(),
                     [](const Field& field) { return only_the_library_converts(field.type); });
}

bool partial_chunks_are_raw(const Dataset& set) {
  const Lock lock;
  const Handle id(H5Dopen2(set.file->handle(), set.path.c_str(), H5P_DEFAULT), H5Dclose);
  const Handle properties(id.valid() ? H5Dget_create_plist(id) : -1, H5Pclose);
  unsigned options = 0;
  return !properties.valid() || H5Pget_chunk_opts(properties, &options) < 0 || options != 0;
}

}  // namespace

std::unique_ptr<CellReader> open_library(const Dataset& set, int threads, const std::string& why) {
  return std::make_unique<LibraryReader>(set, threads, why);
}

std::string read_path(const Dataset& set, std::string& why) {
  if (has_variable_text(set.type)) {
    why = "texts of variable length";
  } else if (only_the_library_converts(set.type)) {
    why = "numbers of an unusual type";
  } else if (set.storage == Storage::contiguous && set.offset >= 0) {
    return "contiguous pread";
  } else if (set.storage == Storage::chunked && !decoded_here(set.filters)) {
    why = "filters that only the library knows";
  } else if (set.storage == Storage::chunked && partial_chunks_are_raw(set)) {
    why = "unfiltered chunks at the edge";
  } else if (set.storage == Storage::chunked) {
    return "direct chunks";
  }
  return "library";
}

std::unique_ptr<CellReader> open_cells(const Dataset& set, int threads) {
  set.check_readable();
  std::string why;
  const std::string path = read_path(set, why);
  if (path == "contiguous pread") return open_contiguous(set);
  if (path == "direct chunks") return open_chunks(set, threads);
  if (!why.empty()) why = set.path + ": read through the HDF5 library, which is slow: " + why;
  return open_library(set, threads, why);
}

}  // namespace clientele::h5
