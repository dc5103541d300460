#include "lzf_filter.h"

#include <hdf5.h>
#include <lzf.h>

#include <limits>

namespace clientele::h5 {
namespace {

/// Length that a decoded chunk must have; 0 where no dataset is being read. Guarded by the library's Lock.
size_t& expected_bytes() {
  static size_t bytes = 0;
  return bytes;
}

size_t damaged(const char* why) {
  H5Epush2(H5E_DEFAULT, __FILE__, __func__, __LINE__, H5E_ERR_CLS, H5E_PLINE, H5E_CANTFILTER, "%s", why);
  return 0;
}

/// An H5Z_func_t. Three bytes of LZF become 264 at most: a larger claim is found before memory is taken.
size_t decode(unsigned flags, size_t, const unsigned*, size_t stored, size_t* capacity, void** buffer) {
  constexpr size_t kMostPerByte = 88;
  constexpr size_t kMost = std::numeric_limits<unsigned>::max();
  const size_t bytes = expected_bytes();
  if ((flags & H5Z_FLAG_REVERSE) == 0) return damaged("lzf is not written here");
  if (bytes == 0 || stored > kMost || bytes > kMost) return damaged("a chunk of lzf data has no known length");
  if (bytes / kMostPerByte > stored) return damaged("a chunk of lzf data is too short");
  void* out = H5allocate_memory(bytes, false);
  if (out == nullptr) return damaged("not enough memory for a chunk");
  if (lzf_decompress(*buffer, static_cast<unsigned>(stored), out, static_cast<unsigned>(bytes)) != bytes) {
    H5free_memory(out);
    return damaged("a chunk of lzf data is damaged");
  }
  H5free_memory(*buffer);
  *buffer = out;
  *capacity = bytes;
  return bytes;
}

}  // namespace

void register_lzf() {
  H5Z_class2_t filter = {};
  filter.version = H5Z_CLASS_T_VERS;
  filter.id = kLzf;
  filter.encoder_present = 1;  // without it the library does not even make a dataset of chunks that others encoded
  filter.decoder_present = 1;
  filter.name = "lzf";
  filter.filter = decode;
  H5Zregister(&filter);
}

LzfChunks::LzfChunks(const Dataset& set) {
  expected_bytes() = lzf_decoded_bytes(set.filters, static_cast<size_t>(set.chunk_bytes));
}

LzfChunks::~LzfChunks() {
  expected_bytes() = 0;
}

}  // namespace clientele::h5
