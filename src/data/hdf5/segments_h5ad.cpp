// AnnData 0.1.0 as anndata's on-disk specification describes it: every element says what it is by encoding-type and
// encoding-version.
#include <algorithm>
#include <cmath>
#include <limits>

#include "../distinct_names.h"
#include "clientele/data/segments_file.h"
#include "new_file.h"

namespace clientele {

namespace {

using h5::Element;
using Kind = h5::Element::Kind;

constexpr int64_t kPieceRows = 1 << 18;  ///< rows converted at a time
constexpr Json::error_handler_t kReplace = Json::error_handler_t::replace;

void encode(h5::NewFile& file, const std::string& object, const char* type, const char* version) {
  file.attribute(object, "encoding-type", std::string_view(type));
  file.attribute(object, "encoding-version", std::string_view(version));
}

// What is declared first and written once space is reserved.
class Contents {
 public:
  explicit Contents(h5::NewFile& file) : file_(file) {}

  void group(const std::string& path, const char* type, const char* version) {
    file_.group(path);
    encode(file_, path, type, version);
  }
  void dict(const std::string& path) { group(path, "dict", "0.1.0"); }

  void texts(const std::string& path, const std::vector<std::string>& values) {
    const Element element = h5::text_element(values);
    file_.declare(path, element, {static_cast<int64_t>(values.size())});
    encode(file_, path, "string-array", "0.2.0");
    later_.push_back({path, static_cast<int64_t>(values.size()), h5::packed(values, element)});
  }
  void text(const std::string& path, const std::string& value) {
    const Element element = h5::text_element({value});
    file_.declare(path, element, {});
    encode(file_, path, "string", "0.2.0");
    later_.push_back({path, 1, h5::packed({value}, element)});
  }
  template <class T>
  void array(const std::string& path, Kind kind, const std::vector<int64_t>& shape, const std::vector<T>& values) {
    column(path, kind, shape);
    const char* bytes = reinterpret_cast<const char*>(values.data());
    later_.push_back({path, shape[0], std::string(bytes, values.size() * sizeof(T))});
  }
  /// Declared only: the rows are written by the caller.
  void column(const std::string& path, Kind kind, const std::vector<int64_t>& shape) {
    file_.declare(path, {kind, 0}, shape);
    encode(file_, path, "array", "0.2.0");
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

// Rows in pieces, so that no second copy of a column exists. fill(row) gives the value.
template <class T, class Fill>
void write_pieces(h5::NewFile& file, const std::string& path, int64_t rows, const Fill& fill) {
  std::vector<T> piece(static_cast<size_t>(std::min(rows, kPieceRows)));
  for (int64_t first = 0; first < rows; first += kPieceRows) {
    const int64_t count = std::min(kPieceRows, rows - first);
    for (int64_t i = 0; i < count; ++i) piece[static_cast<size_t>(i)] = static_cast<T>(fill(first + i));
    file.write(path, first, count, piece.data());
  }
}

Kind code_kind(size_t categories) {
  if (categories <= 127) return Kind::int8;
  return categories <= 32767 ? Kind::int16 : Kind::int32;
}

void declare_categorical(h5::NewFile& file, Contents& contents, const std::string& path, int64_t rows,
                         const std::vector<std::string>& categories) {
  contents.group(path, "categorical", "0.2.0");
  file.attribute(path, "ordered", false);
  contents.texts(path + "/categories", categories);
  contents.column(path + "/codes", code_kind(categories.size()), {rows});
}

template <class Code>
void write_codes(h5::NewFile& file, const std::string& path, size_t categories, std::span<const Code> codes) {
  const auto rows = static_cast<int64_t>(codes.size());
  const auto fill = [&](int64_t row) { return codes[static_cast<size_t>(row)]; };
  switch (code_kind(categories)) {
    case Kind::int8:
      return write_pieces<int8_t>(file, path + "/codes", rows, fill);
    case Kind::int16:
      return write_pieces<int16_t>(file, path + "/codes", rows, fill);
    default:
      return write_pieces<int32_t>(file, path + "/codes", rows, fill);
  }
}

void dataframe(h5::NewFile& file, Contents& contents, const std::string& path, const std::string& index,
               const std::vector<std::string>& columns) {
  contents.group(path, "dataframe", "0.2.0");
  file.attribute(path, "_index", std::string_view(index));
  file.attribute(path, "column-order", columns);
}

bool marks_outliers(const SegmentsFile& content) {
  return std::isfinite(content.outlier_distance);
}

std::vector<std::string> obs_columns(bool outliers) {
  std::vector<std::string> names = {"segment", "segment_id", "distance", "second_best", "margin", "excluded"};
  if (outliers) names.push_back("outlier");
  return names;
}

// The id's own name, unless a column has it already.
std::string index_name(const IdColumn& ids) {
  const std::string name = h5::link_name(ids.name);
  const std::vector<std::string> taken = obs_columns(true);
  return std::find(taken.begin(), taken.end(), name) == taken.end() ? name : name + "_index";
}

void declare_obs(h5::NewFile& file, Contents& contents, const SegmentsFile& content) {
  const IdColumn& ids = *content.rows.ids;
  const std::string index = index_name(ids);
  dataframe(file, contents, "/obs", index, obs_columns(marks_outliers(content)));
  if (ids.kind == IdColumn::Kind::text) {
    file.declare("/obs/" + index, {Kind::text, std::max<int64_t>(1, ids.width)}, {ids.rows});
    encode(file, "/obs/" + index, "string-array", "0.2.0");
  } else {
    contents.column("/obs/" + index, Kind::int64, {ids.rows});
  }
  declare_categorical(file, contents, "/obs/segment", ids.rows, distinct_names(content.segment_names));
  contents.column("/obs/segment_id", Kind::int32, {ids.rows});
  contents.column("/obs/distance", Kind::float32, {ids.rows});
  contents.column("/obs/second_best", Kind::int32, {ids.rows});
  contents.column("/obs/margin", Kind::float32, {ids.rows});
  declare_categorical(file, contents, "/obs/excluded", ids.rows, content.exclusion_reasons);
  if (marks_outliers(content)) contents.column("/obs/outlier", Kind::int8, {ids.rows});
}

void write_ids(h5::NewFile& file, const IdColumn& ids) {
  const std::string path = "/obs/" + index_name(ids);
  switch (ids.kind) {
    case IdColumn::Kind::text: {
      const std::string blank(ids.width > 0 ? 0 : static_cast<size_t>(ids.rows), '\0');
      file.write(path, 0, ids.rows, ids.width > 0 ? ids.bytes.data() : blank.data());
      return;
    }
    case IdColumn::Kind::integer:
      file.write(path, 0, ids.rows, ids.integers.data());
      return;
    case IdColumn::Kind::row_number:
      write_pieces<int64_t>(file, path, ids.rows, [](int64_t row) { return row; });
  }
}

void write_obs(h5::NewFile& file, const SegmentsFile& content) {
  const SegmentRows& rows = content.rows;
  write_ids(file, *rows.ids);
  write_codes<int32_t>(file, "/obs/segment", content.segment_names.size(), rows.segment);
  file.write("/obs/segment_id", 0, rows.ids->rows, rows.segment.data());
  file.write("/obs/distance", 0, rows.ids->rows, rows.distance.data());
  file.write("/obs/second_best", 0, rows.ids->rows, rows.second_best.data());
  file.write("/obs/margin", 0, rows.ids->rows, rows.margin.data());
  write_codes<int8_t>(file, "/obs/excluded", content.exclusion_reasons.size(), rows.excluded);
  if (!marks_outliers(content)) return;
  write_pieces<int8_t>(file, "/obs/outlier", rows.ids->rows, [&](int64_t row) {
    return static_cast<double>(rows.distance[static_cast<size_t>(row)]) > content.outlier_distance ? 1 : 0;
  });
}

double number_or_nan(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : std::numeric_limits<double>::quiet_NaN();
}

// uns/segments: the whole object as JSON, and beside it what a reader without a JSON parser wants as arrays.
void declare_profiles(Contents& contents, const Json& profiles) {
  if (profiles.is_null()) return;
  const std::string at = "/uns/segments";
  contents.dict(at);
  contents.text(at + "/json", profiles.dump(-1, ' ', false, kReplace));
  const auto listed = profiles.find("segments");
  if (!profiles.is_object() || listed == profiles.end() || !listed->is_array()) return;
  const auto k = static_cast<int64_t>(listed->size());
  std::vector<std::string> names, columns;
  for (const Json& s : *listed)
    names.push_back(s.contains("name") && s["name"].is_string() ? s["name"].get<std::string>() : "");
  contents.texts(at + "/name", names);
  std::vector<const char*> keys = {"rows", "share", "mean_distance", "mean_margin"};
  for (const char* key : {"weight", "outliers"})
    if (k > 0 && listed->front().contains(key)) keys.push_back(key);
  for (const char* key : keys) {
    std::vector<double> values;
    for (const Json& s : *listed) values.push_back(number_or_nan(s, key));
    contents.array(at + "/" + key, Kind::float64, {k}, values);
  }
  if (k == 0 || !listed->front().contains("numbers") || !listed->front()["numbers"].is_object()) return;
  for (const auto& member : listed->front()["numbers"].items()) columns.push_back(member.key());
  contents.texts(at + "/number_columns", columns);
  for (const char* key : {"mean", "sd", "z", "lift", "effect"}) {
    std::vector<double> values;  // k x number columns
    for (const Json& s : *listed)
      for (const std::string& column : columns)
        values.push_back(number_or_nan(s.value("numbers", Json::object()).value(column, Json::object()), key));
    contents.array(at + "/" + key, Kind::float64, {k, static_cast<int64_t>(columns.size())}, values);
  }
}

void declare_rest(h5::NewFile& file, Contents& contents, const SegmentsFile& content) {
  dataframe(file, contents, "/var", "_index", {"source", "block"});
  contents.texts("/var/_index", content.feature_names);
  contents.texts("/var/source", content.feature_sources);
  contents.texts("/var/block", content.feature_blocks);
  for (const char* group : {"/layers", "/obsm", "/obsp", "/varm", "/varp", "/uns"}) contents.dict(group);
  declare_profiles(contents, content.profiles);
  if (!content.run.is_object()) return;
  contents.dict("/uns/run");
  for (const auto& [key, value] : content.run.items())
    contents.text("/uns/run/" + h5::link_name(key), value.dump(-1, ' ', false, kReplace));
}

}  // namespace

void write_segments_h5ad(const std::filesystem::path& path, const SegmentsFile& content, ThreadPool&) {
  const h5::Lock lock;
  h5::NewFile file(path);
  Contents contents(file);
  encode(file, "/", "anndata", "0.1.0");
  declare_obs(file, contents, content);
  declare_rest(file, contents, content);
  file.reserve();
  contents.write();
  write_obs(file, content);
  file.close();
}

}  // namespace clientele
