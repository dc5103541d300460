// What each segment is: sizes, centroids in original units and in z, quantiles, lift, effect size, importance, top
// categories, a name.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "clientele/base/json.h"
#include "clientele/cluster/cluster.h"
#include "clientele/data/model.h"
#include "clientele/prep/clean.h"

namespace clientele {

/// [profile] of a job file.
struct ProfileSpec {
  std::vector<double> quantiles = {0.05, 0.25, 0.5, 0.75, 0.95};
  int64_t name_features = 2;       ///< features that a generated name mentions
  std::vector<std::string> names;  ///< own names for segments 0, 1, ...; empty: generated

  void visit(SpecVisitor& v);
};

/// One number column (cluster or profile role) in one segment. Original units.
struct ColumnProfile {
  int64_t present = 0, missing = 0;  ///< rows, whatever their weight
  double mean = 0, sd = 0;           ///< NaN if none present
  double z = 0;                      ///< (mean - population mean) / population sd; 0 if the sd is 0
  double lift = 0;                   ///< mean / population mean; NaN if that is 0
  double effect = 0;                 ///< Cohen's d of segment against the rest, pooled sd; NaN if undefined
  std::vector<double> quantiles;     ///< type 7, exact
};

struct CategoryShare {
  std::string category;
  double share = 0;  ///< of the segment's present rows, by weight
  double lift = 0;   ///< share / population share
};

struct SegmentProfile {
  int segment = 0;
  std::string name;
  int64_t rows = 0;
  double weight = 0;  ///< sum of the rows' weights, where they have any
  double share = 0;   ///< of all rows, by weight
  double mean_distance = 0;
  double mean_margin = 0;
  int64_t outliers = -1;               ///< rows; -1: none were looked for
  std::vector<ColumnProfile> numbers;  ///< one per Profiles::number_columns
  std::vector<std::vector<CategoryShare>>
      categories;                           ///< one list per Profiles::category_columns, by share, at most 10
  std::vector<double> centroid_normalised;  ///< per feature
};

struct Profiles {
  bool weighted = false;  ///< rows have weights
  std::vector<std::string> number_columns, number_units, category_columns, feature_names;
  std::vector<bool> number_clustered;     ///< role cluster (true) or profile
  std::vector<ColumnProfile> population;  ///< one per number column
  std::vector<std::vector<CategoryShare>> population_categories;
  std::vector<double> importance;  ///< per feature: between-segment share of its variance (eta^2), 0..1
  std::vector<double> quantile_probabilities;
  std::vector<SegmentProfile> segments;
};

/// Streams kept rows twice with their labels (oftener only where values crowd). Sums run per 65,536-row block and
/// segment: the same bytes whatever the threads, pieces and ranks. A row of weight w counts like w rows
/// (weights with a mean below 1: RowBlocks::unit_weight), but in the numbers of rows.
Profiles profile(Source& source, const CleanRows& rows, const FeatureSpace& space, const RowBlocks& blocks,
                 const Clustering& clustering, const Published& published, const ProfileSpec& spec, Env& env);

Json to_json(
    const Profiles& profiles);  ///< profiles.json: {"segments": [..], "population": .., "features": ..}; NaN is null
std::string to_csv(const Profiles& profiles);  ///< profiles.csv: one row per segment

}  // namespace clientele
