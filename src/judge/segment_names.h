// A deterministic name per segment.
#pragma once

#include <string>
#include <vector>

#include "clientele/judge/profile.h"

namespace clientele {

/// Own names first (Error{usage} if two are equal); those beyond the segments stay unused. The others say, of the
/// clustered number columns with |z| >= 0.5, the `spec.name_features` with the largest |z| (ties: column order), such
/// as "High monetary, recent"; "Average" where none stands out. Equal names get an ordinal: "High monetary (second)".
std::vector<std::string> segment_names(const Profiles& profiles, const ProfileSpec& spec);

}  // namespace clientele
