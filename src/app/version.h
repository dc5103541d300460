// The program's name and version; CMake hands the version in.
#pragma once

#include "clientele/base/json.h"

namespace clientele {

inline constexpr const char* kProgramVersion = CLIENTELE_VERSION;

/// {"name", "version", "compiler", "hdf5", "cuda"}.
Json program_facts();

}  // namespace clientele
