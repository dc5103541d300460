#include "clientele/judge/profile.h"
#include "json_number.h"
#include "number_text.h"

namespace clientele {

namespace {

Json number_profile(const Profiles& profiles, size_t column, const ColumnProfile& profile) {
  Json quantiles = Json::object();
  for (size_t p = 0; p < profile.quantiles.size(); ++p)
    quantiles[number_text(profiles.quantile_probabilities[p])] = json_number(profile.quantiles[p]);
  return {{"unit", profiles.number_units[column]},
          {"clustered", static_cast<bool>(profiles.number_clustered[column])},
          {"present", profile.present},
          {"missing", profile.missing},
          {"mean", json_number(profile.mean)},
          {"sd", json_number(profile.sd)},
          {"z", json_number(profile.z)},
          {"lift", json_number(profile.lift)},
          {"effect", json_number(profile.effect)},
          {"quantiles", quantiles}};
}

Json numbers(const Profiles& profiles, const std::vector<ColumnProfile>& columns) {
  Json out = Json::object();
  for (size_t c = 0; c < columns.size(); ++c) out[profiles.number_columns[c]] = number_profile(profiles, c, columns[c]);
  return out;
}

Json categories(const Profiles& profiles, const std::vector<std::vector<CategoryShare>>& columns) {
  Json out = Json::object();
  for (size_t c = 0; c < columns.size(); ++c) {
    Json shares = Json::array();
    for (const CategoryShare& share : columns[c])
      shares.push_back(
          {{"category", share.category}, {"share", json_number(share.share)}, {"lift", json_number(share.lift)}});
    out[profiles.category_columns[c]] = shares;
  }
  return out;
}

}  // namespace

Json to_json(const Profiles& profiles) {
  Json segments = Json::array();
  for (const SegmentProfile& segment : profiles.segments) {
    Json centroid = Json::array();
    for (const double value : segment.centroid_normalised) centroid.push_back(json_number(value));
    segments.push_back({{"segment", segment.segment},
                        {"name", segment.name},
                        {"rows", segment.rows},
                        {"share", json_number(segment.share)},
                        {"mean_distance", json_number(segment.mean_distance)},
                        {"mean_margin", json_number(segment.mean_margin)},
                        {"centroid_normalised", centroid},
                        {"numbers", numbers(profiles, segment.numbers)},
                        {"categories", categories(profiles, segment.categories)}});
    if (profiles.weighted) segments.back()["weight"] = segment.weight;
    if (segment.outliers >= 0) segments.back()["outliers"] = segment.outliers;
  }
  Json features = Json::array();
  for (size_t j = 0; j < profiles.feature_names.size(); ++j)
    features.push_back({{"name", profiles.feature_names[j]}, {"importance", json_number(profiles.importance[j])}});
  Json out = {{"segments", segments},
              {"population",
               {{"numbers", numbers(profiles, profiles.population)},
                {"categories", categories(profiles, profiles.population_categories)}}},
              {"features", features}};
  if (profiles.weighted) out["weighted"] = true;
  return out;
}

}  // namespace clientele
