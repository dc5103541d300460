#include "clientele/data/ids.h"

#include <cstring>

namespace clientele {

std::string IdColumn::text(int64_t row) const {
  if (kind == Kind::row_number) return std::to_string(row);
  if (kind == Kind::integer) return std::to_string(integers[static_cast<size_t>(row)]);
  return std::string(view(row));
}

std::string_view IdColumn::view(int64_t row) const {
  const char* text = bytes.data() + row * width;
  return {text, strnlen(text, static_cast<size_t>(width))};
}

}  // namespace clientele
