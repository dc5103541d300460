// Data for standard output: written whole, flushed and checked.
#pragma once

#include <string>

namespace clientele {

/// Throws Error{files} if standard output is closed or full.
void write_stdout(const std::string& text);

}  // namespace clientele
