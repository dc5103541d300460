#include "clientele/data/segments_file.h"
#include "file.h"
#include "new_file.h"

namespace clientele {

namespace {

using h5::Element;
using Kind = h5::Element::Kind;

constexpr int64_t kPieceBytes = 8 << 20;
constexpr size_t kMostNamesInAttribute = 2000;  ///< an attribute of the earliest format holds 64 KiB, 16 bytes a name

struct Values {
  Kind kind;
  int64_t rows;
  const void* data;
};

Values values_of(const NumberColumn& column) {
  if (!column.integers.empty())
    return {Kind::int64, static_cast<int64_t>(column.integers.size()), column.integers.data()};
  if (!column.floats.empty()) return {Kind::float32, static_cast<int64_t>(column.floats.size()), column.floats.data()};
  return {Kind::float64, static_cast<int64_t>(column.doubles.size()), column.doubles.data()};
}

}  // namespace

void write_columns(const std::filesystem::path& path, const std::string& group,
                   const std::vector<NumberColumn>& columns, bool append) {
  const h5::Lock lock;
  h5::NewFile file(path, append);
  file.group(group);
  const auto name = [&](const NumberColumn& column) { return h5::join(group, h5::link_name(column.name)); };
  for (const NumberColumn& column : columns) {
    const Values values = values_of(column);
    file.declare(name(column), {values.kind, 0}, {values.rows});
  }
  file.reserve();
  for (const NumberColumn& column : columns) {
    const Values values = values_of(column);
    file.write(name(column), 0, values.rows, values.data);
  }
  file.close();
}

void write_matrix(const std::filesystem::path& path, const std::string& dataset, int64_t n, int64_t d,
                  const std::vector<std::string>& names, bool append,
                  const std::function<void(int64_t first, std::vector<float>& out)>& fill) {
  const h5::Lock lock;
  h5::NewFile file(path, append);
  file.group(h5::parent(dataset));
  file.declare(dataset, {Kind::float32, 0}, {n, d});
  const std::string beside = h5::join(h5::parent(dataset), "columns");
  const Element text = h5::text_element(names);
  const bool in_attribute = names.size() <= kMostNamesInAttribute;
  if (!names.empty() && in_attribute) file.attribute(dataset, "columns", names);
  if (!in_attribute) file.declare(beside, text, {static_cast<int64_t>(names.size())});
  file.reserve();
  if (!in_attribute) file.write(beside, 0, static_cast<int64_t>(names.size()), h5::packed(names, text).data());
  const int64_t most = std::max<int64_t>(1, kPieceBytes / (4 * std::max<int64_t>(1, d)));
  std::vector<float> piece;
  for (int64_t first = 0; first < n; first += most) {
    const int64_t rows = std::min(most, n - first);
    piece.assign(static_cast<size_t>(rows * d), 0.0f);
    fill(first, piece);
    if (static_cast<int64_t>(piece.size()) != rows * d)
      throw Error(ErrorKind::internal, {"a piece of a matrix has the wrong size", path.string() + ":" + dataset,
                                        std::to_string(rows * d), std::to_string(piece.size()), ""});
    file.write(dataset, first, rows, piece.data());
  }
  file.close();
}

}  // namespace clientele
