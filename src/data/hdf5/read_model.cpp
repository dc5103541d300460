#include <algorithm>
#include <cmath>
#include <set>

#include "../model_seal.h"
#include "clientele/data/model.h"
#include "handles.h"
#include "model_layout.h"
#include "stored_values.h"

namespace clientele {

namespace {

using h5::StoredValues;

constexpr int64_t kMostSegments = 1 << 24;
constexpr int64_t kMostFeatures = 1 << 24;
constexpr size_t kLongestVersion = 256;

int64_t count_of(const StoredValues& file, const std::string& path, int64_t least, int64_t most) {
  const std::vector<int64_t> shape = file.shape(path);
  if (shape.size() != 1 || shape[0] < least || shape[0] > most)
    file.fail("dataset has the wrong shape", path, "one dimension of a sane size", "");
  return shape[0];
}

// A list of enumerators 'first'..'last', stored as integers.
template <class Enum>
std::vector<Enum> enumerators(const StoredValues& file, const std::string& path, int64_t count, Enum first, Enum last) {
  std::vector<Enum> out;
  for (const int64_t value : file.integers(path, {count})) {
    if (value < static_cast<int64_t>(first) || value > static_cast<int64_t>(last))
      file.fail("value is out of range", path,
                std::to_string(static_cast<int64_t>(first)) + " to " + std::to_string(static_cast<int64_t>(last)),
                std::to_string(value));
    out.push_back(static_cast<Enum>(value));
  }
  return out;
}

template <class List>
void require(const StoredValues& file, const std::string& path, const List& values, const char* expected,
             bool (*good)(double)) {
  for (const auto value : values)
    if (!good(static_cast<double>(value))) file.fail("value is out of range", path, expected, std::to_string(value));
}

bool finite(double v) {
  return std::isfinite(v);
}
bool finite_or_missing(double v) {
  return std::isfinite(v) || std::isnan(v);
}

void read_dictionaries(const StoredValues& file, std::vector<Column>& columns) {
  const auto n = static_cast<int64_t>(columns.size());
  const std::vector<int64_t> counts = file.integers("/schema/category_count", {n});
  const std::string bytes = file.bytes("/schema/category_bytes");
  const int64_t total = count_of(file, "/schema/category_ends", 0, INT64_MAX);
  const std::vector<int64_t> ends = file.integers("/schema/category_ends", {total});
  int64_t next = 0, begin = 0;
  for (size_t c = 0; c < columns.size(); ++c) {
    if (counts[c] < 0 || counts[c] > total - next)
      file.fail("value is out of range", "/schema/category_count", "counts that add up to " + std::to_string(total),
                std::to_string(counts[c]));
    std::vector<std::string>& categories = columns[c].categories;
    for (int64_t i = 0; i < counts[c]; ++i, ++next) {
      const int64_t end = ends[static_cast<size_t>(next)];
      if (end < begin || end > static_cast<int64_t>(bytes.size()))
        file.fail("value is out of range", "/schema/category_ends", "ascending positions", std::to_string(end));
      std::string category = bytes.substr(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
      if (!categories.empty() && !(categories.back() < category))
        file.fail("a dictionary is not sorted", "/schema/category_bytes", "ascending categories", "");
      categories.push_back(std::move(category));
      begin = end;
    }
  }
  if (next != total || begin != static_cast<int64_t>(bytes.size()))
    file.fail("dictionaries do not use all their categories", "/schema/category_ends", std::to_string(next),
              std::to_string(total));
}

Schema read_schema(const StoredValues& file) {
  const int64_t n = count_of(file, "/schema/kind", 1, kMostFeatures);
  const auto names = file.texts("/schema/name", n), blocks = file.texts("/schema/block", n),
             units = file.texts("/schema/unit", n), metrics = file.texts("/schema/metric", n);
  const auto kinds = enumerators(file, "/schema/kind", n, ColumnKind::number, ColumnKind::id);
  const auto roles = enumerators(file, "/schema/role", n, ColumnRole::cluster, ColumnRole::ignore);
  const auto transforms = enumerators(file, "/schema/transform", n, ColumnTransform::automatic, ColumnTransform::asinh);
  const auto missing = enumerators(file, "/schema/missing", n, MissingPolicy::automatic, MissingPolicy::drop);
  const auto weights = file.doubles("/schema/weight", {n});
  const auto indicators = enumerators(file, "/schema/missing_indicator", n, 0, 1);
  require(file, "/schema/weight", weights, "finite and not negative",
          [](double v) { return std::isfinite(v) && v >= 0; });
  if (std::set<std::string>(names.begin(), names.end()).size() != names.size())
    file.fail("a column's name stands twice", "/schema/name", "names that differ", "");
  Schema schema;
  for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
    Column c;
    c.name = names[i], c.block = blocks[i], c.unit = units[i], c.metric = metrics[i];
    c.kind = kinds[i], c.role = roles[i], c.transform = transforms[i], c.missing = missing[i];
    c.weight = weights[i], c.missing_indicator = indicators[i] != 0;
    schema.columns.push_back(std::move(c));
  }
  read_dictionaries(file, schema.columns);
  return schema;
}

void check_knots(const StoredValues& file, const std::vector<double>& knots, const FeatureTransform& t) {
  const auto size = static_cast<int64_t>(knots.size());
  const int64_t begin = t.knots_begin, count = t.knots_count;
  const bool inside = begin >= 0 && count >= (t.form == FeatureForm::ranked ? 1 : 0) && begin + count <= size;
  if (!inside)
    file.fail("value is out of range", "/features/knots_count", "a range of " + std::to_string(size) + " knots",
              std::to_string(begin) + " + " + std::to_string(count));
  if (!std::is_sorted(knots.begin() + begin, knots.begin() + begin + count))
    file.fail("knots are not sorted", "/knots", "ascending values", "");
}

void check_transform(const StoredValues& file, const FeatureSpace& space, const FeatureTransform& t) {
  if (std::isnan(t.low) || std::isnan(t.high) || t.low > t.high)
    file.fail("value is out of range", "/features/low", "low <= high",
              std::to_string(t.low) + ", " + std::to_string(t.high));
  check_knots(file, space.knots, t);
  const Column& source = space.schema.columns[static_cast<size_t>(t.source)];
  const bool coded = t.form == FeatureForm::one_hot && source.kind == ColumnKind::category;
  const bool known =
      t.code >= 0 && t.code < static_cast<double>(source.categories.size()) && t.code == std::floor(t.code);
  if (coded && !known)
    file.fail("value is out of range", "/features/code", "a category of column " + source.name, std::to_string(t.code));
}

void read_features(const StoredValues& file, FeatureSpace& space) {
  const int64_t d = count_of(file, "/features/source", 1, kMostFeatures);
  const auto columns = static_cast<int64_t>(space.schema.columns.size());
  const auto names = file.texts("/features/name", d), blocks = file.texts("/features/block", d);
  const auto sources = enumerators(file, "/features/source", d, int64_t{0}, columns - 1);
  const auto forms = enumerators(file, "/features/form", d, FeatureForm::number, FeatureForm::ranked);
  const auto curves = enumerators(file, "/features/curve", d, Curve::none, Curve::log);
  const auto begins = enumerators(file, "/features/knots_begin", d, int64_t{0}, int64_t{INT32_MAX});
  const auto counts = enumerators(file, "/features/knots_count", d, int64_t{0}, int64_t{INT32_MAX});
  const auto number = [&](const char* name) { return file.doubles(std::string("/features/") + name, {d}); };
  const auto low = number("low"), high = number("high"), impute = number("impute"), shift = number("shift"),
             scale = number("scale"), code = number("code"), factor = number("factor");
  require(file, "/features/impute", impute, "finite or missing", finite_or_missing);
  require(file, "/features/shift", shift, "finite", finite);
  require(file, "/features/scale", scale, "finite and not 0", [](double v) { return std::isfinite(v) && v != 0; });
  require(file, "/features/code", code, "finite", finite);
  require(file, "/features/factor", factor, "finite", finite);
  space.knots = file.doubles("/knots", {count_of(file, "/knots", 0, INT32_MAX)});
  require(file, "/knots", space.knots, "finite", finite);
  for (size_t j = 0; j < static_cast<size_t>(d); ++j) {
    FeatureTransform t;
    t.source = static_cast<int32_t>(sources[j]), t.form = forms[j], t.curve = curves[j];
    t.low = low[j], t.high = high[j], t.impute = impute[j], t.shift = shift[j], t.scale = scale[j], t.code = code[j],
    t.factor = factor[j];
    t.knots_begin = static_cast<int32_t>(begins[j]), t.knots_count = static_cast<int32_t>(counts[j]);
    check_transform(file, space, t);
    space.features.push_back({names[j], blocks[j], t});
  }
  space.means = file.doubles("/means", {d});
  require(file, "/means", space.means, "finite", finite);
  if (space.spherical) require(file, "/means", space.means, "0 in a spherical model", [](double v) { return v == 0; });
}

void read_segments(const StoredValues& file, Model& model) {
  const int64_t k = file.integer_attribute("k"), d = model.space.d();
  if (k < 1 || k > kMostSegments)
    file.fail("value is out of range", "/@k", "1 to " + std::to_string(kMostSegments), std::to_string(k));
  model.k = static_cast<int>(k);
  model.segment_names = file.texts("/segments/name", k);
  model.segment_sizes = file.integers("/segments/size", {k});
  model.centroids = file.floats("/centroids", {k, d});
  model.centroids_normalised = file.doubles("/centroids_normalised", {k, d});
  model.centroids_original =
      file.doubles("/centroids_original", {k, static_cast<int64_t>(model.space.schema.columns.size())});
  if (file.holds("/outlier_distance")) {
    const std::vector<double> distance = file.doubles("/outlier_distance", {1});
    require(file, "/outlier_distance", distance, "finite and not negative",
            [](double v) { return std::isfinite(v) && v >= 0; });
    model.outlier_distance = distance[0];
  }
  require(file, "/segments/size", model.segment_sizes, "not negative", [](double v) { return v >= 0; });
  require(file, "/centroids", model.centroids, "finite", finite);
  require(file, "/centroids_normalised", model.centroids_normalised, "finite", finite);
  require(file, "/centroids_original", model.centroids_original, "finite or missing", finite_or_missing);
}

}  // namespace

Model read_model(const std::filesystem::path& path) {
  if (!is_model_file(path)) {
    throw Error(ErrorKind::input,
                {"file is not a model", path.string(), "a model.h5 that clientele wrote",
                 std::filesystem::exists(path) ? "another file, or one that was cut short" : "no such file",
                 "give the model.h5 of a finished run"});
  }
  check_model_seal(path);
  const StoredValues file(path.string());
  if (file.text_attribute(model_layout::kMarker, kLongestVersion) != model_layout::kMarkerValue)
    file.fail("file is not a model", "/@clientele_file", model_layout::kMarkerValue, "another kind of file");
  const int64_t version = file.integer_attribute(model_layout::kVersion);
  if (version != model_layout::kVersionWritten)
    throw Error(ErrorKind::input, {"model has a version this program cannot read", path.string(),
                                   std::to_string(model_layout::kVersionWritten), std::to_string(version),
                                   "use the clientele that wrote it, or run the job again"});
  Model model;
  model.program_version = file.text_attribute("program_version", kLongestVersion);
  model.seed = static_cast<uint64_t>(file.integer_attribute("seed"));
  const int64_t spherical = file.integer_attribute("spherical");
  if (spherical != 0 && spherical != 1)
    file.fail("value is out of range", "/@spherical", "0 or 1", std::to_string(spherical));
  model.space.spherical = spherical != 0;
  model.space.schema = read_schema(file);
  read_features(file, model.space);
  read_segments(file, model);
  return model;
}

bool is_model_file(const std::filesystem::path& path) {
  return has_model_seal(path);
}

std::vector<double> read_centroids(const std::string& file_and_dataset, int64_t expected_columns, int64_t& k) {
  const size_t colon = file_and_dataset.rfind(':');
  if (colon == std::string::npos || colon == 0 || file_and_dataset.compare(colon + 1, 1, "/") != 0)
    throw Error(ErrorKind::input, {"given centroids are not named as a file and a dataset", file_and_dataset,
                                   "FILE:/dataset", file_and_dataset, ""});
  const StoredValues file(file_and_dataset.substr(0, colon));
  const std::string dataset = file_and_dataset.substr(colon + 1);
  if (!file.holds(dataset))
    throw Error(ErrorKind::input,
                {"no such dataset for the given centroids", file_and_dataset,
                 "a dataset of k x " + std::to_string(expected_columns) + " numbers", "none",
                 "`clientele inspect " + file_and_dataset.substr(0, colon) + "` lists what is there"});
  const std::vector<int64_t> shape = file.shape(dataset);
  if (shape.size() != 2 || shape[0] < 1 || shape[0] > kMostSegments || shape[1] != expected_columns)
    throw Error(ErrorKind::input,
                {"given centroids have the wrong shape", file_and_dataset, "k x " + std::to_string(expected_columns),
                 shape.empty() ? "a scalar"
                               : std::to_string(shape[0]) + (shape.size() > 1 ? " x " + std::to_string(shape[1]) : ""),
                 "give one row a segment and one column a cluster feature, in the normalised space"});
  std::vector<double> values = file.doubles(dataset, shape);
  for (const double value : values)
    if (!std::isfinite(value))
      throw Error(ErrorKind::input, {"given centroids hold a value that is not finite", file_and_dataset,
                                     "finite numbers", std::to_string(value), ""});
  k = shape[0];
  return values;
}

}  // namespace clientele
