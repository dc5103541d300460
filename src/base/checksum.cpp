#include <xxhash.h>

#include <cstdio>
#include <memory>
#include <vector>

#include "clientele/base/errors.h"
#include "clientele/base/files.h"
#include "open_file.h"

namespace clientele {

namespace {

std::string hexadecimal(XXH64_hash_t hash) {
  const char* digits = "0123456789abcdef";
  std::string text(16, '0');
  for (size_t i = 0; i < 16; ++i) text[15 - i] = digits[(hash >> (4 * i)) & 15];
  return text;
}

struct FreeState {
  void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};

}  // namespace

std::string checksum_file(const std::filesystem::path& path) {
  const std::unique_ptr<XXH3_state_t, FreeState> state(XXH3_createState());
  if (!state || XXH3_64bits_reset(state.get()) == XXH_ERROR) {
    throw Error{ErrorKind::internal, {.what = "no memory for a checksum", .where = path.string()}};
  }
  const OpenFile file = OpenFile::to_read(path);
  std::vector<std::byte> buffer(size_t{1} << 20);
  while (const size_t got = file.read_some(buffer)) {
    if (XXH3_64bits_update(state.get(), buffer.data(), got) == XXH_ERROR) {
      throw Error{ErrorKind::internal, {.what = "checksum failed", .where = path.string()}};
    }
  }
  return hexadecimal(XXH3_64bits_digest(state.get()));
}

std::string checksum_bytes(std::span<const std::byte> bytes) {
  return hexadecimal(XXH3_64bits(bytes.data(), bytes.size()));
}

std::string checksum_text(std::string_view text) {
  return checksum_bytes(std::as_bytes(std::span(text)));
}

}  // namespace clientele
