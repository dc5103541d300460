// What the HDF5 library is and can do.
#pragma once

#include <string>
#include <vector>

namespace clientele::h5 {

/// "1.10.8"
std::string library_version();
/// Names of the filters that the library undoes and decode_chunk() does not.
std::vector<std::string> library_filters();

}  // namespace clientele::h5
