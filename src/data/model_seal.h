// A model ends with a line that holds the checksum of all bytes before it. The HDF5 library follows damaged addresses
// into a crash (1.10.8, H5F__accum_read), so a model is proved whole before the library sees it. HDF5 readers ignore
// bytes after the end of the file they know.
#pragma once

#include <filesystem>

namespace clientele {

/// Appends the seal to a finished file and syncs it. Throws Error{files}.
void seal_model(const std::filesystem::path& path);
/// True if the file ends with a seal, whatever it says. False for a file that cannot be read.
bool has_model_seal(const std::filesystem::path& path);
/// Throws Error{input} if the seal is missing or does not fit the bytes.
void check_model_seal(const std::filesystem::path& path);

}  // namespace clientele
