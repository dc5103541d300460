// How a model lies in its file. Format 1: attributes on the root (clientele_file = "model", model_version,
// program_version, k, seed, spherical); groups /schema, /features and /segments of equally long arrays; /centroids*,
// /means, /knots; /outlier_distance where outliers are marked.
#pragma once

#include <cstdint>

namespace clientele::model_layout {

inline constexpr const char* kMarker = "clientele_file";
inline constexpr const char* kMarkerValue = "model";
inline constexpr const char* kVersion = "model_version";
inline constexpr int64_t kVersionWritten = 1;

}  // namespace clientele::model_layout
