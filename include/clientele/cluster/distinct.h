// k against the number of distinct rows.
#pragma once

#include <cstdint>

namespace clientele {

/// Error{input}: k segments need k rows that differ.
[[noreturn]] void throw_too_few_distinct(int64_t k, int64_t distinct);

}  // namespace clientele
