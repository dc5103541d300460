// Sizes in bytes as people write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace clientele {

/// "8GiB", "500 MB", "1.5g", "1000000": a number of bytes, with a unit of 1000 (kB, MB, GB, TB) or 1024 (KiB, MiB, GiB,
/// TiB; also K, M, G, T alone), in any case. Nothing for other texts and for what is not a whole positive number of
/// bytes below 2^62 once its fraction is cut.
std::optional<int64_t> parse_byte_size(const std::string& text);

}  // namespace clientele
