// A dataset: what it holds, how it is stored, and whether we are willing to read it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "file.h"
#include "filters.h"
#include "types.h"

namespace clientele::h5 {

enum class Storage { contiguous, compact, chunked, other };

struct Dataset {
  std::shared_ptr<const File> file;
  std::string path;  ///< made of hard links
  ElementType type;
  std::vector<int64_t> shape;  ///< empty for a scalar
  Storage storage = Storage::other;
  int64_t offset = -1;          ///< contiguous: where its bytes begin in the file; -1: never written
  std::vector<int64_t> chunk;   ///< chunked: shape of a chunk
  int64_t chunk_bytes = 0;      ///< chunked: of a chunk's elements as they lie in the file, before filters
  std::vector<Filter> filters;  ///< in the order of writing
  int64_t stored_bytes = 0;
  int64_t decoded_bytes = 0;
  std::string refusal;  ///< why it is not read; empty if it may be
  std::string refusal_hint;

  std::string where() const { return file->where(path); }
  int64_t rows() const { return shape.empty() ? 1 : shape[0]; }
  /// "/matrix float32 10000000 x 32, contiguous"
  std::string line() const;
  /// Throws Error{input} with the refusal, if there is one.
  void check_readable() const;
};

/// "10 x 4 x 2"; "scalar" for none.
std::string shape_text(const std::vector<int64_t>& shape);

/// Describes the dataset at `path` (hard links). Throws Error{input} only if it cannot be opened; what is wrong with it
/// stands in `refusal`.
Dataset describe_dataset(const std::shared_ptr<const File>& file, const std::string& path);

}  // namespace clientele::h5
