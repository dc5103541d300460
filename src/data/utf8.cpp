#include "utf8.h"

#include <algorithm>
#include <cstring>

#include "clientele/base/errors.h"

namespace clientele {
namespace {

constexpr size_t kShownBytes = 24;

/// Length of the sequence that begins here, 0 where none does.
size_t sequence(const unsigned char* at, size_t left) {
  const unsigned char lead = at[0];
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || length > left) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((at[i] & 0xC0) != 0x80) return 0;
  }
  const bool overlong = (lead == 0xE0 && at[1] < 0xA0) || (lead == 0xF0 && at[1] < 0x90);
  const bool beyond = (lead == 0xED && at[1] > 0x9F) || (lead == 0xF4 && at[1] > 0x8F);
  return overlong || beyond ? 0 : length;
}

std::string hexadecimal(std::string_view text) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : text.substr(0, kShownBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    out += out.empty() ? "" : " ";
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return text.size() > kShownBytes ? out + " ..." : out;
}

}  // namespace

bool is_utf8(std::string_view text) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  size_t i = 0;
  while (i < text.size()) {
    uint64_t eight = 0;
    if (i + sizeof eight <= text.size()) {
      std::memcpy(&eight, bytes + i, sizeof eight);
      if ((eight & 0x8080808080808080u) == 0) {
        i += sizeof eight;
        continue;
      }
    }
    const size_t length = sequence(bytes + i, text.size() - i);
    if (length == 0) return false;
    i += length;
  }
  return true;
}

void check_utf8(std::string_view text, const std::string& where, int64_t row) {
  if (is_utf8(text)) return;
  throw Error(ErrorKind::input, {"a text is not UTF-8", where + " row " + std::to_string(row), "UTF-8",
                                 "the bytes " + hexadecimal(text), "convert the texts to UTF-8 when writing the file"});
}

}  // namespace clientele
