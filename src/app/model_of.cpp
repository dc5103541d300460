#include "model_of.h"

#include <limits>

#include "version.h"

namespace clientele {

Model model_of(FeatureSpace space, const Clustering& clustering, const Profiles& profiles, uint64_t seed) {
  Model model;
  model.program_version = kProgramVersion;
  model.k = clustering.k;
  model.seed = seed;
  model.centroids = clustering.centroids;
  model.segment_sizes = clustering.rows;
  const size_t d = space.features.size(), columns = space.schema.columns.size(), k = static_cast<size_t>(clustering.k);
  for (size_t i = 0; i < model.centroids.size(); ++i)
    model.centroids_normalised.push_back(static_cast<double>(model.centroids[i]) + space.means[i % d]);
  model.centroids_original.assign(k * columns, std::numeric_limits<double>::quiet_NaN());
  for (const SegmentProfile& segment : profiles.segments) {
    model.segment_names.push_back(segment.name);
    for (size_t number = 0; number < profiles.number_columns.size(); ++number) {
      const int column = space.schema.find(profiles.number_columns[number]);
      if (column >= 0)
        model.centroids_original[static_cast<size_t>(segment.segment) * columns + static_cast<size_t>(column)] =
            segment.numbers[number].mean;
    }
  }
  model.space = std::move(space);
  return model;
}

}  // namespace clientele
