// One 2-D numeric dataset: a client a row, a feature a column.
#include <algorithm>
#include <set>

#include "clientele/base/errors.h"
#include "hdf5/texts.h"
#include "layout.h"
#include "table_source.h"

namespace clientele {
namespace {

constexpr int64_t kMostColumns = 100'000;

void check_matrix(const h5::Dataset& set) {
  set.check_readable();
  if (set.shape.size() != 2) {
    throw Error(ErrorKind::input, {"dataset has the wrong number of dimensions", set.where(), "2 (clients x features)",
                                   std::to_string(set.shape.size()) + " (" + h5::shape_text(set.shape) + ")", ""});
  }
  if (!set.type.numeric()) {
    throw Error(ErrorKind::input, {"matrix is not numeric", set.where(), "integers or floats", set.type.text,
                                   "categories and texts are read from the columns and compound layouts"});
  }
  if (set.shape[0] == 0 || set.shape[1] == 0) {
    throw Error(ErrorKind::input,
                {"matrix is empty", set.where(), "at least one row and one column", h5::shape_text(set.shape), ""});
  }
  if (set.shape[1] > kMostColumns) {
    throw Error(ErrorKind::input,
                {"matrix is too wide", set.where(), "at most 100000 columns", h5::shape_text(set.shape),
                 "clients are rows; write the matrix the other way round"});
  }
}

std::vector<std::string> names_beside(const h5::Dataset& set, std::string& from) {
  for (const char* key : {"columns", "feature_names"}) {
    for (const std::string& object : {set.path, h5::parent(set.path)}) {
      std::vector<std::string> names = h5::text_attribute(*set.file, object, key);
      from = "attribute " + std::string(key);
      if (!names.empty()) return names;
    }
    const std::optional<std::string> sibling = set.file->resolve(h5::join(h5::parent(set.path), key));
    if (!sibling || set.file->kind(*sibling) != h5::ObjectKind::dataset) continue;
    const h5::Dataset list = h5::describe_dataset(set.file, *sibling);
    if (!list.type.textual()) continue;
    from = *sibling;
    return h5::read_text_list(list, kMostColumns);
  }
  return {};
}

std::vector<Column> matrix_columns(const h5::Dataset& set) {
  std::string from;
  std::vector<std::string> names = names_beside(set, from);
  const size_t d = static_cast<size_t>(set.shape[1]);
  if (!names.empty() && names.size() != d) {
    throw Error(ErrorKind::input, {"column names do not fit the matrix", set.where(), std::to_string(d) + " names",
                                   std::to_string(names.size()) + " (" + from + ")", ""});
  }
  if (std::set<std::string>(names.begin(), names.end()).size() != names.size()) {
    throw Error(ErrorKind::input, {"a column name comes twice", set.where(), "distinct names", from, ""});
  }
  std::vector<Column> columns(d);
  for (size_t j = 0; j < d; ++j) {
    columns[j].name = names.empty() ? std::string("f").append(std::to_string(j)) : names[j];
    columns[j].kind = set.type.kind == h5::ElementKind::flag ? ColumnKind::flag : ColumnKind::number;
  }
  return columns;
}

IdReader matrix_ids(const LayoutRequest& request, const h5::Dataset& set) {
  const std::string name = request.id.empty() ? kIdName : request.id;
  const std::string path = name[0] == '/' ? name : h5::join(h5::parent(set.path), name);
  if (request.id.empty()) {
    const std::optional<std::string> sibling = request.file->resolve(path);
    if (!sibling || request.file->kind(*sibling) != h5::ObjectKind::dataset) return row_number_ids(set.rows());
  }
  return dataset_ids(named_dataset(request.file, path, "input.id"), "", set.rows(), request.pool.threads());
}

}  // namespace

std::vector<std::string> matrix_candidates(const Catalogue& catalogue) {
  std::vector<std::string> out;
  for (const h5::Dataset& set : catalogue.datasets) {
    if (set.shape.size() == 2 && set.type.numeric()) out.push_back(set.path);
  }
  return out;
}

std::unique_ptr<Source> open_matrix(const LayoutRequest& request) {
  const h5::Dataset set = named_dataset(request.file, request.path, "input.dataset");
  check_matrix(set);
  std::shared_ptr<h5::CellReader> reader = h5::open_cells(set, request.pool.threads());
  std::vector<Column> columns = matrix_columns(set);
  std::vector<RecordField> fields;
  for (size_t j = 0; j < columns.size(); ++j) {
    fields.push_back({static_cast<int64_t>(j), 0, columns[j].name, number_decoder(reader->type())});
  }
  auto table = std::make_unique<TableSource>("matrix", set.rows(), matrix_ids(request, set));
  table->add(record_part(set, std::move(reader), std::move(fields)), std::move(columns));
  return table;
}

}  // namespace clientele
