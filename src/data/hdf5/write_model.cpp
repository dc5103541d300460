#include "../model_seal.h"
#include "clientele/data/model.h"
#include "model_layout.h"
#include "new_file.h"

namespace clientele {

namespace {

using Kind = h5::Element::Kind;

template <class T>
constexpr Kind kind_of() {
  if constexpr (std::is_same_v<T, int8_t>) return Kind::int8;
  if constexpr (std::is_same_v<T, int32_t>) return Kind::int32;
  if constexpr (std::is_same_v<T, int64_t>) return Kind::int64;
  if constexpr (std::is_same_v<T, float>) return Kind::float32;
  return Kind::float64;
}

// Small arrays: declared now, written once space is reserved.
class Arrays {
 public:
  explicit Arrays(h5::NewFile& file) : file_(file) {}

  template <class T>
  void add(const std::string& path, const std::vector<int64_t>& shape, const std::vector<T>& values) {
    file_.declare(path, {kind_of<T>(), 0}, shape);
    later_.push_back(
        {path, shape[0], std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T))});
  }
  /// One value of every item of a list.
  template <class List, class Get>
  void each(const std::string& path, const List& list, const Get& get) {
    std::vector<std::decay_t<decltype(get(list[0]))>> values;
    for (const auto& item : list) values.push_back(get(item));
    add(path, {static_cast<int64_t>(list.size())}, values);
  }
  void texts(const std::string& path, const std::vector<std::string>& values) {
    const h5::Element element = h5::text_element(values);
    file_.declare(path, element, {static_cast<int64_t>(values.size())});
    later_.push_back({path, static_cast<int64_t>(values.size()), h5::packed(values, element)});
  }
  template <class List, class Get>
  void each_text(const std::string& path, const List& list, const Get& get) {
    std::vector<std::string> values;
    for (const auto& item : list) values.push_back(get(item));
    texts(path, values);
  }
  void write() {
    for (const Later& l : later_) file_.write(l.path, 0, l.rows, l.bytes.data());
  }

 private:
  struct Later {
    std::string path;
    int64_t rows;
    std::string bytes;
  };
  h5::NewFile& file_;
  std::vector<Later> later_;
};

// All dictionaries end to end as bytes: one long category must not widen a million short ones.
void declare_dictionaries(h5::NewFile& file, Arrays& arrays, const std::vector<Column>& columns) {
  std::vector<int8_t> bytes;
  std::vector<int64_t> ends;
  for (const Column& column : columns)
    for (const std::string& category : column.categories) {
      bytes.insert(bytes.end(), category.begin(), category.end());
      ends.push_back(static_cast<int64_t>(bytes.size()));
    }
  arrays.each("/schema/category_count", columns,
              [](const Column& c) { return static_cast<int64_t>(c.categories.size()); });
  arrays.add("/schema/category_bytes", {static_cast<int64_t>(bytes.size())}, bytes);
  arrays.add("/schema/category_ends", {static_cast<int64_t>(ends.size())}, ends);
  file.fixed_attribute("/schema/category_bytes", "meaning",
                       "UTF-8 texts end to end; category_ends says where each ends");
}

void declare_schema(h5::NewFile& file, Arrays& arrays, const std::vector<Column>& columns) {
  file.group("/schema");
  arrays.each_text("/schema/name", columns, [](const Column& c) { return c.name; });
  arrays.each_text("/schema/block", columns, [](const Column& c) { return c.block; });
  arrays.each_text("/schema/unit", columns, [](const Column& c) { return c.unit; });
  arrays.each_text("/schema/metric", columns, [](const Column& c) { return c.metric; });
  arrays.each("/schema/kind", columns, [](const Column& c) { return static_cast<int32_t>(c.kind); });
  arrays.each("/schema/role", columns, [](const Column& c) { return static_cast<int32_t>(c.role); });
  arrays.each("/schema/weight", columns, [](const Column& c) { return c.weight; });
  arrays.each("/schema/transform", columns, [](const Column& c) { return static_cast<int32_t>(c.transform); });
  arrays.each("/schema/missing", columns, [](const Column& c) { return static_cast<int32_t>(c.missing); });
  arrays.each("/schema/missing_indicator", columns,
              [](const Column& c) { return static_cast<int8_t>(c.missing_indicator ? 1 : 0); });
  declare_dictionaries(file, arrays, columns);
}

void declare_features(h5::NewFile& file, Arrays& arrays, const FeatureSpace& space) {
  const std::vector<Feature>& features = space.features;
  file.group("/features");
  arrays.each_text("/features/name", features, [](const Feature& f) { return f.name; });
  arrays.each_text("/features/block", features, [](const Feature& f) { return f.block; });
  arrays.each("/features/source", features, [](const Feature& f) { return f.transform.source; });
  arrays.each("/features/form", features, [](const Feature& f) { return static_cast<int32_t>(f.transform.form); });
  arrays.each("/features/curve", features, [](const Feature& f) { return static_cast<int32_t>(f.transform.curve); });
  arrays.each("/features/low", features, [](const Feature& f) { return f.transform.low; });
  arrays.each("/features/high", features, [](const Feature& f) { return f.transform.high; });
  arrays.each("/features/impute", features, [](const Feature& f) { return f.transform.impute; });
  arrays.each("/features/shift", features, [](const Feature& f) { return f.transform.shift; });
  arrays.each("/features/scale", features, [](const Feature& f) { return f.transform.scale; });
  arrays.each("/features/code", features, [](const Feature& f) { return f.transform.code; });
  arrays.each("/features/factor", features, [](const Feature& f) { return f.transform.factor; });
  arrays.each("/features/knots_begin", features, [](const Feature& f) { return f.transform.knots_begin; });
  arrays.each("/features/knots_count", features, [](const Feature& f) { return f.transform.knots_count; });
  arrays.add("/knots", {static_cast<int64_t>(space.knots.size())}, space.knots);
  arrays.add("/means", {static_cast<int64_t>(space.means.size())}, space.means);
}

void declare_segments(h5::NewFile& file, Arrays& arrays, const Model& model) {
  const int64_t k = model.k, d = model.space.d(), columns = static_cast<int64_t>(model.space.schema.columns.size());
  file.group("/segments");
  arrays.texts("/segments/name", model.segment_names);
  arrays.add("/segments/size", {k}, model.segment_sizes);
  if (!std::isinf(model.outlier_distance)) arrays.add("/outlier_distance", {1}, std::vector{model.outlier_distance});
  arrays.add("/centroids", {k, d}, model.centroids);
  arrays.add("/centroids_normalised", {k, d}, model.centroids_normalised);
  arrays.add("/centroids_original", {k, columns}, model.centroids_original);
}

void check_shapes(const std::filesystem::path& path, const Model& m) {
  const auto k = static_cast<size_t>(m.k), d = static_cast<size_t>(m.space.d());
  const bool good = m.k >= 1 && m.centroids.size() == k * d && m.centroids_normalised.size() == k * d &&
                    m.space.means.size() == d && m.centroids_original.size() == k * m.space.schema.columns.size() &&
                    m.segment_names.size() == k && m.segment_sizes.size() == k;
  if (!good)
    throw Error(ErrorKind::internal,
                {"a model whose arrays do not fit its k and d was to be written", path.string(), "", "", ""});
}

}  // namespace

void write_model(const std::filesystem::path& path, const Model& model) {
  check_shapes(path, model);
  const h5::Lock lock;
  h5::NewFile file(path);
  file.fixed_attribute("/", model_layout::kMarker, model_layout::kMarkerValue);
  file.attribute("/", model_layout::kVersion, model_layout::kVersionWritten);
  file.fixed_attribute("/", "program_version", model.program_version);
  file.attribute("/", "k", int64_t{model.k});
  file.attribute("/", "seed", static_cast<int64_t>(model.seed));  // its 64 bits; read back as unsigned
  file.attribute("/", "spherical", int64_t{model.space.spherical ? 1 : 0});
  Arrays arrays(file);
  declare_schema(file, arrays, model.space.schema.columns);
  declare_features(file, arrays, model.space);
  declare_segments(file, arrays, model);
  file.reserve();
  arrays.write();
  file.close();
  seal_model(path);
}

}  // namespace clientele
