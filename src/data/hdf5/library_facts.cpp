#include "library_facts.h"

#include "filters.h"
#include "handles.h"

namespace clientele::h5 {

std::string library_version() {
  const Lock lock;
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(release);
}

std::vector<std::string> library_filters() {
  const Lock lock;
  std::vector<std::string> names;
  for (const H5Z_filter_t id : {H5Z_FILTER_SZIP, H5Z_FILTER_NBIT, H5Z_FILTER_SCALEOFFSET}) {
    if (H5Zfilter_avail(id) > 0) names.push_back(filter_name(id));
  }
  return names;
}

}  // namespace clientele::h5
