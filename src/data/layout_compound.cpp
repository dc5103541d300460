// A 1-D dataset of records: PyTables, h5py structured arrays. Fields are columns, in their order.
#include <algorithm>

#include "clientele/base/errors.h"
#include "columns.h"
#include "layout.h"

namespace clientele {

std::vector<std::string> compound_candidates(const Catalogue& catalogue) {
  std::vector<std::string> out;
  for (const h5::Dataset& set : catalogue.datasets) {
    if (set.type.kind == h5::ElementKind::compound && set.shape.size() == 1) out.push_back(set.path);
  }
  return out;
}

std::unique_ptr<Source> open_compound(const LayoutRequest& request) {
  const h5::Dataset set = named_dataset(request.file, request.path, "input.dataset");
  set.check_readable();
  if (set.type.kind != h5::ElementKind::compound || set.shape.size() != 1) {
    throw Error(ErrorKind::input, {"not a table of records", set.where(), "a 1-D compound dataset",
                                   set.type.text + ", " + h5::shape_text(set.shape), ""});
  }
  if (set.rows() == 0) throw Error(ErrorKind::input, {"table is empty", set.where(), "at least one row", "none", ""});
  std::vector<std::string> names;
  for (const h5::Field& field : set.type.fields) names.push_back(field.name);
  const std::string id = request.id.empty() ? kIdName : request.id;
  const bool own = std::find(names.begin(), names.end(), id) != names.end();
  IdReader ids = row_number_ids(set.rows());
  if (own) {
    ids = dataset_ids(set, id, set.rows(), request.pool.threads());
  } else if (!request.id.empty()) {
    const std::string path = id[0] == '/' ? id : h5::join(h5::parent(set.path), id);
    ids = dataset_ids(named_dataset(request.file, path, "input.id"), "", set.rows(), request.pool.threads());
  }
  auto table = std::make_unique<TableSource>("compound", set.rows(), std::move(ids));
  add_record_columns(*table, set, {own ? id : std::string()}, request.pool);
  if (table->schema().columns.empty()) {
    throw Error(ErrorKind::input, {"table has no readable columns", set.where(), "numbers, flags, categories or texts",
                                   set.type.text, ""});
  }
  return table;
}

}  // namespace clientele
