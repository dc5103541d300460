// Rows of a 1-D or 2-D dataset as bytes. A row is `cells` elements; three ways to get them stand behind one call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "dataset.h"

namespace clientele::h5 {

/// Rows [first_row, first_row + rows), cells [first_cell, first_cell + cells): row r of them begins at data + r *
/// row_bytes. row_bytes may be 0: all rows are then the same (the fill value of a chunk that was never written).
struct CellRun {
  int64_t first_row = 0;
  int64_t rows = 0;
  int64_t first_cell = 0;
  int64_t cells = 0;
  const std::byte* data = nullptr;
  size_t row_bytes = 0;
};

/// A reader's place in the cache of its file, for as long as it lives.
class CacheUse {
 public:
  CacheUse(std::shared_ptr<const File> file, ReadCache::Reader reader)
      : file_(std::move(file)), number_(file_->cache().add(std::move(reader))) {}
  ~CacheUse() { file_->cache().remove(number_); }
  CacheUse(const CacheUse&) = delete;
  CacheUse& operator=(const CacheUse&) = delete;
  int64_t number() const { return number_; }

 private:
  std::shared_ptr<const File> file_;
  int64_t number_;
};

using CellSink = std::function<void(const CellRun&)>;

class CellReader {
 public:
  virtual ~CellReader() = default;

  /// Calls sink with runs that cover the rows and at least the wanted cells (ascending), in any order, each cell once.
  /// Thread-safe; the runs' bytes are valid during the call only. Throws Error{input} for damaged data.
  virtual void read(int64_t first_row, int64_t rows, std::span<const int64_t> wanted, const CellSink& sink) = 0;
  /// "contiguous pread", "direct chunks" or "library".
  virtual std::string path() const = 0;
  /// Why the way is slow; empty if it is not.
  virtual std::string note() const { return ""; }

  /// An element as delivered; it differs from the file's where the library converts.
  const ElementType& type() const { return type_; }
  int64_t rows() const { return rows_; }
  int64_t cells() const { return cells_; }

 protected:
  CellReader(ElementType type, const Dataset& set)
      : type_(std::move(type)), rows_(set.rows()), cells_(set.shape.size() > 1 ? set.shape[1] : 1) {}

  ElementType type_;
  int64_t rows_;
  int64_t cells_;
};

/// The way open_cells() takes: "contiguous pread", "direct chunks" or "library"; `why` says what makes the library
/// necessary where that is slow.
std::string read_path(const Dataset& set, std::string& why);

/// Chooses the fastest way. `threads` is how many callers there will be at once. The dataset must be readable, of 1 or
/// 2 dimensions, and its elements numbers, enums, fixed texts or compounds. Throws Error{input}.
std::unique_ptr<CellReader> open_cells(const Dataset& set, int threads);

/// Contiguous bytes read from the file itself in pieces of about 1 MiB.
std::unique_ptr<CellReader> open_contiguous(const Dataset& set, int threads);
/// Raw chunks taken under the library's lock and decoded outside it, each once, in a cache that all readers share.
std::unique_ptr<CellReader> open_chunks(const Dataset& set, int threads);
/// Everything else, by the library's own reading; `why` says what makes that necessary.
std::unique_ptr<CellReader> open_library(const Dataset& set, int threads, const std::string& why);

}  // namespace clientele::h5
