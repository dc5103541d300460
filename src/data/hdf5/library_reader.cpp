#include <algorithm>

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

/// Of one row of chunks.
int64_t chunk_row_bytes(const Dataset& set) {
  if (set.storage != Storage::chunked) return 0;
  const int64_t cells = set.shape.size() > 1 ? set.shape[1] : 1;
  const int64_t width = set.chunk.size() > 1 ? set.chunk[1] : 1;
  return set.chunk[0] * ((cells + width - 1) / width) * width * set.type.bytes;
}

/// cache_bytes: the library keeps no chunk that is larger.
Handle access(const Dataset& set, int64_t cache_bytes) {
  Handle properties(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose);
  if (set.storage == Storage::chunked)
    H5Pset_chunk_cache(properties, kCacheSlots, static_cast<size_t>(cache_bytes), 1.0);
  return properties;
}

class LibraryReader : public CellReader {
 public:
  LibraryReader(const Dataset& set, int threads, const std::string& why)
      : CellReader(delivered(set.type), set),
        set_(set),
        where_(set.where()),
        why_(why),
        rank_(static_cast<int>(set.shape.size())),
        piece_rows_(rows_of_piece()),
        use_(set.file, needs(threads)) {
    const Lock lock;
    open();
    const Handle file_type = own(H5Dget_type(dataset_), H5Tclose, ErrorKind::input, "cannot use a type", where_);
    memory_type_ = memory_type(file_type, type_, where_);
  }

  void read(int64_t first_row, int64_t rows, std::span<const int64_t> wanted, const CellSink& sink) override {
    if (wanted.empty()) return;
    const int64_t first_cell = wanted.front(), cells = wanted.back() - first_cell + 1;
    const int64_t row_bytes = cells * type_.bytes;
    const size_t most = static_cast<size_t>(std::min(rows, piece_rows_) * row_bytes);
    const ReadCache::Buffer buffer = set_.file->cache().take(most);
    buffer->resize(std::max(buffer->size(), most));
    for (int64_t done = 0; done < rows; done += piece_rows_) {
      const int64_t count = std::min(piece_rows_, rows - done);
      read_piece(first_row + done, count, first_cell, cells, buffer->data());
      sink({first_row + done, count, first_cell, cells, buffer->data(), static_cast<size_t>(row_bytes)});
    }
  }

  std::string path() const override { return "library"; }
  std::string note() const override { return why_; }

 private:
  int64_t rows_of_piece() const {
    const int64_t rows = std::max<int64_t>(1, kPieceBytes / std::max<int64_t>(1, cells_ * type_.bytes));
    return set_.storage == Storage::chunked ? std::max(rows, std::min<int64_t>(set_.chunk[0], 65536)) : rows;
  }

  ReadCache::Reader needs(int threads) {
    const int64_t row = chunk_row_bytes(set_);
    return {.file = set_.file.get(),
            .threads = threads,
            .call_bytes = piece_rows_ * cells_ * type_.bytes,
            .row_bytes = row,
            .wish_bytes = std::min((threads + 1) * row, kMostCacheBytes),
            .drop = [this] { close(); }};
  }

  /// The library's cache of a dataset is as large as it was when the dataset was opened, and goes when it is closed.
  void open() {
    const Handle properties = access(set_, set_.file->cache().share(use_.number()));
    dataset_ = own(H5Dopen2(set_.file->handle(), set_.path.c_str(), properties), H5Dclose, ErrorKind::input,
                   "cannot open a dataset", where_);
  }

  void close() {
    const Lock lock;
    dataset_.reset();
  }

  void read_piece(int64_t row, int64_t rows, int64_t cell, int64_t cells, void* out) {
    const Lock lock;
    if (!dataset_.valid()) open();
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
  int64_t piece_rows_;
  Handle dataset_;
  Handle memory_type_;
  CacheUse use_;
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
  if (path == "contiguous pread") return open_contiguous(set, threads);
  if (path == "direct chunks") return open_chunks(set, threads);
  if (!why.empty()) why = set.path + ": read through the HDF5 library, which is slow: " + why;
  return open_library(set, threads, why);
}

}  // namespace clientele::h5
