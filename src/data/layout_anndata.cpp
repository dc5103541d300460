// AnnData 0.1.0: X, dense or in compressed sparse rows, then the columns of obs. Names of X's columns are the index of
// var, ids the index of obs.
#include <optional>
#include <set>

#include "clientele/base/errors.h"
#include "columns.h"
#include "data_frame.h"
#include "hdf5/texts.h"
#include "layout.h"
#include "sparse_part.h"

namespace clientele {
namespace {

constexpr int64_t kMostColumns = 100'000;

/// The shape of X, dense or sparse.
struct Cells {
  std::string path;
  std::optional<h5::Dataset> dense;
  int64_t rows = 0;
  int64_t columns = 0;
};

Cells find_cells(const LayoutRequest& request, const std::string& path) {
  Cells cells;
  cells.path = path;
  if (request.file->kind(path) == h5::ObjectKind::dataset) {
    cells.dense = h5::describe_dataset(request.file, path);
    cells.dense->check_readable();
    if (cells.dense->shape.size() != 2 || !cells.dense->type.numeric()) {
      throw Error(ErrorKind::input,
                  {"X is not a numeric matrix", request.file->where(path), "2 dimensions of integers or floats",
                   cells.dense->type.text + ", " + h5::shape_text(cells.dense->shape), ""});
    }
    cells.rows = cells.dense->shape[0];
    cells.columns = cells.dense->shape[1];
    return cells;
  }
  const std::string encoding = h5::text_of(*request.file, path, "encoding-type");
  const std::vector<int64_t> shape = h5::integer_attribute(*request.file, path, "shape");
  if (encoding != "csr_matrix" || shape.size() != 2) {
    throw Error(ErrorKind::input,
                {"X cannot be read", request.file->where(path), "a dense array or a csr_matrix with a shape", encoding,
                 "write it again with scipy.sparse.csr_matrix"});
  }
  cells.rows = shape[0];
  cells.columns = shape[1];
  return cells;
}

std::vector<std::string> variable_names(const LayoutRequest& request, const std::string& root, int64_t d) {
  const DataFrame var =
      read_data_frame(request.file, named_object(request.file, h5::join(root, "var"), "input.dataset"));
  const h5::Dataset index = var.index_dataset();
  std::vector<std::string> names;
  if (index.type.textual()) {
    names = h5::read_text_list(index, kMostColumns);
  } else {
    for (int64_t j = 0; j < d && index.rows() == d; ++j) names.push_back(std::to_string(j));
  }
  if (static_cast<int64_t>(names.size()) != d) {
    throw Error(ErrorKind::input, {"names of X's columns do not fit", index.where(), std::to_string(d) + " names",
                                   std::to_string(names.size()), ""});
  }
  return names;
}

void add_cells(TableSource& table, const LayoutRequest& request, const std::string& root, const Cells& cells,
               int64_t rows) {
  if (cells.rows != rows || cells.columns < 0 || cells.columns > kMostColumns) {
    throw Error(ErrorKind::input, {"X does not fit obs", request.file->where(cells.path),
                                   std::to_string(rows) + " rows and at most 100000 columns",
                                   std::to_string(cells.rows) + " x " + std::to_string(cells.columns), ""});
  }
  if (cells.columns == 0) return;
  std::vector<Column> columns;
  for (std::string& name : variable_names(request, root, cells.columns)) {
    Column column;
    column.name = std::move(name);
    columns.push_back(std::move(column));
  }
  if (!cells.dense)
    return table.add(sparse_part(request.file, cells.path, rows, cells.columns, request.pool), std::move(columns));
  std::shared_ptr<h5::CellReader> reader = h5::open_cells(*cells.dense, request.pool.threads());
  std::vector<RecordField> fields;
  for (size_t j = 0; j < columns.size(); ++j)
    fields.push_back({static_cast<int64_t>(j), 0, columns[j].name, number_decoder(reader->type())});
  table.add(record_part(*cells.dense, std::move(reader), std::move(fields)), std::move(columns));
}

IdReader observation_ids(const LayoutRequest& request, const DataFrame& obs, int64_t rows) {
  if (!request.id.empty()) {
    const std::string path = request.id[0] == '/' ? request.id : h5::join(obs.path, request.id);
    return dataset_ids(named_dataset(request.file, path, "input.id"), "", rows, request.pool.threads());
  }
  return [read = dataset_ids(obs.index_dataset(), "", rows, request.pool.threads())](ThreadPool& pool) {
    IdColumn ids = read(pool);
    if (ids.name == "_index" || ids.name == "index") ids.name = kIdName;  // pandas' word for no name
    return ids;
  };
}

void add_observations(TableSource& table, const LayoutRequest& request, const DataFrame& obs, int64_t rows) {
  std::set<std::string> taken;
  for (const Column& column : table.schema().columns) taken.insert(column.name);
  for (const std::string& name : obs.columns) {
    if (name == obs.index || name == request.id) continue;
    Column column;
    column.name = taken.count(name) == 0 ? name : "obs/" + name;
    if (column.name != name)
      table.add_note("column '" + name + "' of obs is called '" + column.name + "': X has one of that name");
    std::string why;
    std::unique_ptr<Part> part = frame_column(obs, name, rows, request.pool, column, why);
    if (!part) {
      table.add_note("column '" + column.name + "' is left out: " + why);
      continue;
    }
    std::vector<Column> columns;
    columns.push_back(std::move(column));
    table.add(std::move(part), std::move(columns));
  }
}

}  // namespace

std::vector<std::string> anndata_candidates(const Catalogue& catalogue) {
  if (h5::text_of(*catalogue.file, "/", "encoding-type") == "anndata") return {"/"};
  return {};
}

std::unique_ptr<Source> open_anndata(const LayoutRequest& request) {
  const std::string& root = request.path;
  if (h5::text_of(*request.file, root, "encoding-type") != "anndata") {
    throw Error(ErrorKind::input, {"not an AnnData file", request.file->where(root), "encoding-type anndata",
                                   h5::text_of(*request.file, root, "encoding-type"), ""});
  }
  const DataFrame obs =
      read_data_frame(request.file, named_object(request.file, h5::join(root, "obs"), "input.dataset"));
  const h5::Dataset index = obs.index_dataset();
  const int64_t rows = index.shape.size() == 1 ? index.rows() : 0;
  if (rows == 0)
    throw Error(ErrorKind::input,
                {"obs is empty", request.file->where(obs.path), "at least one row", h5::shape_text(index.shape), ""});
  auto table = std::make_unique<TableSource>("anndata", rows, observation_ids(request, obs, rows));
  const std::optional<std::string> x = request.file->resolve(h5::join(root, "X"));
  if (x) add_cells(*table, request, root, find_cells(request, *x), rows);
  add_observations(*table, request, obs, rows);
  if (table->schema().columns.empty()) {
    throw Error(ErrorKind::input,
                {"AnnData has no readable columns", request.file->path(), "X, or columns of obs", "neither", ""});
  }
  return table;
}

}  // namespace clientele
