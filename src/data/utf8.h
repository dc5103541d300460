// Texts that are published must be UTF-8: other programs refuse a file in which one is not.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace clientele {

/// True for UTF-8 as Unicode defines it: no overlong forms, no surrogates, nothing beyond U+10FFFF.
bool is_utf8(std::string_view text);

/// Throws Error{input} naming the row and showing the bytes if the text is not UTF-8.
void check_utf8(std::string_view text, const std::string& where, int64_t row);

}  // namespace clientele
