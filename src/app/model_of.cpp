#include "model_of.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "version.h"

namespace clientele {
namespace {

/// A column without gaps in training may have some when clients are scored: its exact median, which profiling found,
/// stands for them. The median is of original units, sent through the feature's curve and limits.
void set_spare_medians(FeatureSpace& space, const Profiles& profiles, std::span<const MissingPolicy> missing) {
  const auto& at = profiles.quantile_probabilities;
  const size_t middle = static_cast<size_t>(std::find(at.begin(), at.end(), 0.5) - at.begin());
  if (middle == at.size()) return;
  for (Feature& feature : space.features) {
    FeatureTransform& t = feature.transform;
    const size_t source = static_cast<size_t>(t.source);
    const bool number = t.form == FeatureForm::number || t.form == FeatureForm::ranked;
    const bool by_median = missing[source] == MissingPolicy::median || missing[source] == MissingPolicy::drop;
    if (!number || !by_median || !std::isnan(t.impute)) continue;
    const auto& names = profiles.number_columns;
    const auto column = std::find(names.begin(), names.end(), space.schema.columns[source].name);
    if (column == names.end()) continue;
    const ColumnProfile& population = profiles.population[static_cast<size_t>(column - names.begin())];
    t.impute = std::min(std::max(apply_curve(t.curve, population.quantiles[middle]), t.low), t.high);
  }
}

}  // namespace

Model model_of(FeatureSpace space, const Clustering& clustering, const Profiles& profiles,
               std::span<const MissingPolicy> missing, uint64_t seed) {
  set_spare_medians(space, profiles, missing);
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
