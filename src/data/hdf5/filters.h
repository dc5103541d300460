// The filters of chunked datasets that this program undoes itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace clientele::h5 {

inline constexpr int kLzf = 32000;

struct Filter {
  int64_t id = 0;
  std::string name;  ///< "gzip", "lzf", "filter 32015"
  std::vector<uint32_t> parameters;
};

/// A filter's common name.
std::string filter_name(int64_t id);
/// Names of the filters that are decoded outside the library.
std::vector<std::string> own_filters();
/// True if decode_chunk() can undo the whole sequence.
bool decoded_here(const std::vector<Filter>& filters);
/// True if every filter is one of the library's own (LZF, which lzf_filter.h teaches it, is not). Needs a Lock.
bool decoded_by_library(const std::vector<Filter>& filters);
/// Bytes that LZF must decode a chunk to whose elements take chunk_bytes in the file; 0 where it is not used. The other
/// filters must be such that decoded_here().
size_t lzf_decoded_bytes(const std::vector<Filter>& filters, size_t chunk_bytes);

/// Undoes `filters` (given in the order of writing; bit i of `skipped` says that filter i was not applied). `stored` is
/// used up as scratch, `out` has decoded_bytes bytes on return. Returns what is damaged ("its gzip data is damaged"),
/// empty if nothing is.
std::string decode_chunk(const std::vector<Filter>& filters, uint32_t skipped, std::vector<std::byte>& stored,
                         std::vector<std::byte>& out, size_t decoded_bytes);

/// HDF5's Fletcher checksum of a chunk.
uint32_t fletcher32(std::span<const std::byte> bytes);
/// Undoes the shuffle filter: byte b of element i lies at in[b * n + i]. Left-over bytes at the end stand as they are.
void unshuffle(const std::byte* in, std::byte* out, size_t bytes, size_t element_bytes);

}  // namespace clientele::h5
