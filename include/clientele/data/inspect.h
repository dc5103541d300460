// What an HDF5 file holds and how it would be read, for `clientele inspect`.
#pragma once

#include <string>
#include <vector>

#include "clientele/base/json.h"

namespace clientele {

/// Objects (path, kind, type, shape, chunks, filters, stored and decoded bytes, read path), recognised layout, its
/// columns, refusals. Throws Error{input} if the file cannot be opened at all; a file that opens but cannot be used
/// says why in "refused".
Json inspect_file(const std::string& path);

/// HDF5 library version, filters that can be decoded; for doctor and run.json.
Json hdf5_facts();

}  // namespace clientele
