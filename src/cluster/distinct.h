#pragma once

#include <cstdint>

namespace clientele {

[[noreturn]] void throw_too_few_distinct(int k, int64_t distinct);

}  // namespace clientele
