// Client ids: the row number, 64-bit integers or strings of a fixed width.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace clientele {

struct IdColumn {
  enum class Kind { row_number, integer, text };
  Kind kind = Kind::row_number;
  std::string name = "client_id";
  int64_t rows = 0;
  std::vector<int64_t> integers;  ///< kind integer: one a row
  int64_t width = 0;              ///< kind text: bytes a row, UTF-8, padded with NUL
  std::string bytes;              ///< kind text: rows * width

  /// The id as text (integers and row numbers in decimal).
  std::string text(int64_t row) const;
  std::string_view view(int64_t row) const;  ///< kind text only, padding cut off
};

}  // namespace clientele
