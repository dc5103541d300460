// All that scoring a new client needs: schema, encoders, scaler, centroids, segment names, version.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "clientele/base/transform.h"
#include "clientele/data/schema.h"

namespace clientele {

/// One column of the normalised matrix.
struct Feature {
  std::string name;   ///< "monetary", "channel=web", "gap_mean missing"
  std::string block;  ///< declared block, or empty
  FeatureTransform transform;
};

/// The way from source columns to the engine's space. d = features.size().
struct FeatureSpace {
  Schema schema;
  std::vector<Feature> features;
  std::vector<double> knots;  ///< for FeatureForm::ranked
  std::vector<double> means;  ///< d column means of the normalised float32 features; the engine works on
                              ///< float(double(v) - mean). All 0 if spherical
  bool spherical =
      false;  ///< rows are scaled to unit length (in double, canonical) after normalisation and not centred

  int d() const { return static_cast<int>(features.size()); }
};

struct Model {
  std::string program_version;
  FeatureSpace space;
  int k = 0;
  std::vector<float> centroids;              ///< k x d, centred engine space
  std::vector<double> centroids_normalised;  ///< k x d, normalised space (centroid + mean)
  std::vector<double>
      centroids_original;  ///< k x schema.columns: means of the segments in original units (NaN for categories)
  std::vector<std::string> segment_names;  ///< k
  std::vector<int64_t> segment_sizes;      ///< k
  uint64_t seed = 0;
  /// A row farther from its centroid is an outlier; infinity: none is. A model without the dataset has infinity.
  double outlier_distance = std::numeric_limits<double>::infinity();
};

/// HDF5, earliest..v110 format. Throws Error{files}.
void write_model(const std::filesystem::path& path, const Model& model);
/// Throws Error{input} for anything that is not a model of this program and a version it reads; checks every shape.
Model read_model(const std::filesystem::path& path);
/// True if the file is one written by write_model.
bool is_model_file(const std::filesystem::path& path);
/// Given centroids: "FILE:/dataset", k x d in normalised space, over `expected_columns` columns. Throws Error{input}.
std::vector<double> read_centroids(const std::string& file_and_dataset, int64_t expected_columns, int64_t& k);

}  // namespace clientele
