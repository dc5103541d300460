#include "filters.h"

#include <hdf5.h>
#include <libdeflate.h>
#include <lzf.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <new>

namespace clientele::h5 {
namespace {

constexpr size_t kChecksumBytes = 4;

struct NamedFilter {
  int64_t id;
  const char* name;
};
constexpr NamedFilter kNames[] = {{H5Z_FILTER_DEFLATE, "gzip"},
                                  {H5Z_FILTER_SHUFFLE, "shuffle"},
                                  {H5Z_FILTER_FLETCHER32, "fletcher32"},
                                  {kLzf, "lzf"},
                                  {H5Z_FILTER_SZIP, "szip"},
                                  {H5Z_FILTER_NBIT, "nbit"},
                                  {H5Z_FILTER_SCALEOFFSET, "scaleoffset"},
                                  {307, "bzip2"},
                                  {32001, "blosc"},
                                  {32004, "lz4"},
                                  {32008, "bitshuffle"},
                                  {32013, "zfp"},
                                  {32015, "zstd"},
                                  {32026, "blosc2"}};
constexpr int64_t kOwn[] = {H5Z_FILTER_DEFLATE, H5Z_FILTER_SHUFFLE, H5Z_FILTER_FLETCHER32, kLzf};

bool compresses(int64_t id) {
  return id == H5Z_FILTER_DEFLATE || id == kLzf;
}

struct FreeDecompressor {
  void operator()(libdeflate_decompressor* d) const { libdeflate_free_decompressor(d); }
};

std::string inflate(const std::vector<std::byte>& in, std::vector<std::byte>& out) {
  const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> state(libdeflate_alloc_decompressor());
  if (!state) throw std::bad_alloc();
  const libdeflate_result result =
      libdeflate_zlib_decompress(state.get(), in.data(), in.size(), out.data(), out.size(), nullptr);
  if (result == LIBDEFLATE_SUCCESS) return "";
  return result == LIBDEFLATE_BAD_DATA ? "its gzip data is damaged" : "its gzip data has another length than the chunk";
}

std::string expand_lzf(const std::vector<std::byte>& in, std::vector<std::byte>& out) {
  constexpr size_t kMost = std::numeric_limits<unsigned>::max();
  if (in.size() > kMost || out.size() > kMost) return "its lzf data is too long";
  const unsigned got =
      lzf_decompress(in.data(), static_cast<unsigned>(in.size()), out.data(), static_cast<unsigned>(out.size()));
  return got == out.size() ? "" : "its lzf data is damaged";
}

std::string verify_checksum(std::vector<std::byte>& bytes) {
  if (bytes.size() < kChecksumBytes) return "its checksum is missing";
  const size_t size = bytes.size() - kChecksumBytes;
  uint32_t stored = 0;
  std::memcpy(&stored, bytes.data() + size, kChecksumBytes);
  const uint32_t computed = fletcher32({bytes.data(), size});
  // Releases before 1.6.3 stored the sum with the bytes of each half swapped on little-endian machines.
  const uint32_t old = ((computed & 0x00FF00FFu) << 8) | ((computed >> 8) & 0x00FF00FFu);
  if (stored != computed && stored != old) return "its fletcher32 checksum does not match";
  bytes.resize(size);
  return "";
}

/// No compressor of ours makes a byte into more than this many: a larger claim is a bomb, found before memory is taken.
bool can_expand(size_t stored, size_t decoded) {
  constexpr size_t kDeflateMost = 1032;
  return decoded / kDeflateMost <= stored + 64;
}

/// Size of the data that filter i was given when the chunk was written; the filters before it are not compressors.
size_t size_before(const std::vector<Filter>& filters, uint32_t skipped, size_t i, size_t decoded_bytes) {
  size_t size = decoded_bytes;
  for (size_t f = 0; f < i; ++f) {
    if (((skipped >> f) & 1u) == 0 && filters[f].id == H5Z_FILTER_FLETCHER32) size += kChecksumBytes;
  }
  return size;
}

using Bytes16 = unsigned char __attribute__((vector_size(16)));

/// Sixteen elements of kBytes bytes from their byte planes: interleaving plane i with plane i + kBytes / 2 as often as
/// halves fit into kBytes brings the bytes of an element together.
template <size_t kBytes>
void unshuffle16(const std::byte* planes, size_t plane, std::byte* out) {
  Bytes16 now[kBytes], next[kBytes];
  for (size_t b = 0; b < kBytes; ++b) std::memcpy(&now[b], planes + b * plane, 16);
  for (size_t round = 1; round < kBytes; round *= 2) {
    for (size_t i = 0; i < kBytes / 2; ++i) {
      const Bytes16 a = now[i], c = now[i + kBytes / 2];
      next[2 * i] = __builtin_shufflevector(a, c, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      next[2 * i + 1] = __builtin_shufflevector(a, c, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
    std::copy(next, next + kBytes, now);
  }
  std::memcpy(out, now, sizeof now);
}

/// Elements [first, n), byte by byte.
void unshuffle_rest(const std::byte* in, std::byte* out, size_t first, size_t n, size_t element_bytes) {
  for (size_t b = 0; b < element_bytes; ++b) {
    for (size_t i = first; i < n; ++i) out[i * element_bytes + b] = in[b * n + i];
  }
}

template <size_t kBytes>
void unshuffle_words(const std::byte* in, std::byte* out, size_t n) {
  size_t i = 0;
  for (; i + 16 <= n; i += 16) unshuffle16<kBytes>(in + i, n, out + i * kBytes);
  unshuffle_rest(in, out, i, n, kBytes);
}

}  // namespace

std::string filter_name(int64_t id) {
  for (const NamedFilter& filter : kNames) {
    if (filter.id == id) return filter.name;
  }
  return "filter " + std::to_string(id);
}

std::vector<std::string> own_filters() {
  std::vector<std::string> names;
  for (const int64_t id : kOwn) names.push_back(filter_name(id));
  return names;
}

bool decoded_here(const std::vector<Filter>& filters) {
  int compressors = 0;
  for (const Filter& filter : filters) {
    if (std::find(std::begin(kOwn), std::end(kOwn), filter.id) == std::end(kOwn)) return false;
    if (compresses(filter.id)) ++compressors;
  }
  return compressors <= 1;
}

bool decoded_by_library(const std::vector<Filter>& filters) {
  return std::all_of(filters.begin(), filters.end(), [](const Filter& filter) {
    return filter.id != kLzf && H5Zfilter_avail(static_cast<H5Z_filter_t>(filter.id)) > 0;
  });
}

size_t lzf_decoded_bytes(const std::vector<Filter>& filters, size_t chunk_bytes) {
  for (size_t i = 0; i < filters.size(); ++i) {
    if (filters[i].id == kLzf) return size_before(filters, 0, i, chunk_bytes);
  }
  return 0;
}

std::string decode_chunk(const std::vector<Filter>& filters, uint32_t skipped, std::vector<std::byte>& stored,
                         std::vector<std::byte>& out, size_t decoded_bytes) {
  if (!can_expand(stored.size(), decoded_bytes)) return "it is too short for its chunk";
  for (size_t i = filters.size(); i-- > 0;) {
    if ((skipped >> i) & 1u) continue;
    const Filter& filter = filters[i];
    std::string fault;
    if (filter.id == H5Z_FILTER_FLETCHER32) {
      fault = verify_checksum(stored);
    } else if (filter.id == H5Z_FILTER_SHUFFLE) {
      const size_t element = filter.parameters.empty() ? 1 : filter.parameters[0];
      if (element <= 1 || stored.size() < element) continue;
      out.resize(stored.size());
      unshuffle(stored.data(), out.data(), stored.size(), element);
      std::swap(stored, out);
    } else {
      out.resize(size_before(filters, skipped, i, decoded_bytes));
      fault = filter.id == kLzf ? expand_lzf(stored, out) : inflate(stored, out);
      std::swap(stored, out);
    }
    if (!fault.empty()) return fault;
  }
  std::swap(stored, out);
  return out.size() == decoded_bytes ? "" : "it has another length than the chunk";
}

uint32_t fletcher32(std::span<const std::byte> bytes) {
  const auto fold = [](uint32_t sum) { return (sum & 0xFFFFu) + (sum >> 16); };
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  uint32_t sum1 = 0, sum2 = 0;
  size_t words = bytes.size() / 2;
  while (words > 0) {
    const size_t run = std::min<size_t>(words, 360);  // as many as cannot overflow 32 bits
    words -= run;
    for (size_t i = 0; i < run; ++i, data += 2) {
      sum1 += (static_cast<uint32_t>(data[0]) << 8) | data[1];
      sum2 += sum1;
    }
    sum1 = fold(sum1);
    sum2 = fold(sum2);
  }
  if (bytes.size() % 2 != 0) {
    sum1 += static_cast<uint32_t>(*data) << 8;
    sum2 += sum1;
    sum1 = fold(sum1);
    sum2 = fold(sum2);
  }
  return (fold(sum2) << 16) | fold(sum1);
}

void unshuffle(const std::byte* in, std::byte* out, size_t bytes, size_t element_bytes) {
  const size_t n = bytes / element_bytes;
  if (element_bytes == 2) {
    unshuffle_words<2>(in, out, n);
  } else if (element_bytes == 4) {
    unshuffle_words<4>(in, out, n);
  } else if (element_bytes == 8) {
    unshuffle_words<8>(in, out, n);
  } else {
    unshuffle_rest(in, out, 0, n, element_bytes);
  }
  std::memcpy(out + n * element_bytes, in + n * element_bytes, bytes - n * element_bytes);
}

}  // namespace clientele::h5
