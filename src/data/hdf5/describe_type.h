// HDF5 datatypes to ElementType.
#pragma once

#include "handles.h"
#include "types.h"

namespace clientele::h5 {

/// Needs a Lock. A type that cannot be read is `other`; a type past sane caps too.
ElementType describe_type(hid_t type);

}  // namespace clientele::h5
