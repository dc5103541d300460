// A group of equally long 1-D datasets: each is one column, in name order.
#include <algorithm>

#include "clientele/base/errors.h"
#include "columns.h"
#include "layout.h"

namespace clientele {
namespace {

/// 1-D datasets of a group in name order, soft links inside the file followed.
std::vector<std::pair<std::string, h5::Dataset>> member_columns(const LayoutRequest& request,
                                                                std::vector<std::string>& skipped) {
  std::vector<std::pair<std::string, h5::Dataset>> out;
  for (const h5::Link& link : request.file->links(request.path)) {
    const std::string path = h5::join(request.path, link.name);
    if (link.kind != h5::ObjectKind::dataset && link.kind != h5::ObjectKind::outside) continue;
    h5::Dataset set = named_dataset(request.file, path, "input.dataset");  // refuses what leads out of the file
    if (set.shape.size() == 1) {
      out.emplace_back(link.name, std::move(set));
    } else {
      skipped.push_back("dataset " + path + " is left out: it is not 1-D (" + h5::shape_text(set.shape) + ")");
    }
  }
  return out;
}

void check_lengths(const LayoutRequest& request, const std::vector<std::pair<std::string, h5::Dataset>>& members) {
  if (members.empty()) {
    throw Error(ErrorKind::input,
                {"group holds no columns", request.file->where(request.path), "1-D datasets", "none", ""});
  }
  for (const auto& [name, set] : members) {
    if (set.rows() == members[0].second.rows()) continue;
    throw Error(ErrorKind::input, {"columns are not equally long", request.file->where(request.path),
                                   std::to_string(members[0].second.rows()) + " rows as " + members[0].first,
                                   std::to_string(set.rows()) + " rows in " + name, ""});
  }
  if (members[0].second.rows() == 0) {
    throw Error(ErrorKind::input,
                {"columns are empty", request.file->where(request.path), "at least one row", "none", ""});
  }
}

}  // namespace

std::vector<std::string> columns_candidates(const Catalogue& catalogue) {
  std::vector<std::string> out;
  for (const std::string& group : catalogue.groups) {
    if (h5::leaf(group).rfind("_i_", 0) == 0) continue;  // PyTables' indices
    const std::vector<const h5::Dataset*> members = catalogue.members(group);
    bool even = !members.empty();
    bool column = false;
    for (const h5::Dataset* set : members) {
      even = even && set->shape.size() == 1 && set->rows() == members[0]->rows();
      column = column || set->type.numeric() || set->type.textual() || set->type.kind == h5::ElementKind::category;
    }
    if (even && column) out.push_back(group);
  }
  return out;
}

std::unique_ptr<Source> open_columns(const LayoutRequest& request) {
  if (request.file->kind(request.path) != h5::ObjectKind::group) {
    throw Error(ErrorKind::input, {"not a group of columns", request.file->where(request.path),
                                   "a group of 1-D datasets", "a dataset", "name the group with input.dataset"});
  }
  std::vector<std::string> skipped;
  const auto members = member_columns(request, skipped);
  check_lengths(request, members);
  const int64_t rows = members[0].second.rows();
  const std::string id = request.id.empty() ? kIdName : request.id;
  IdReader ids = row_number_ids(rows);
  const auto own = std::find_if(members.begin(), members.end(), [&](const auto& member) { return member.first == id; });
  if (own != members.end()) {
    ids = dataset_ids(own->second, "", rows, request.pool.threads());
  } else if (!request.id.empty()) {
    const std::string path = id[0] == '/' ? id : h5::join(request.path, id);
    ids = dataset_ids(named_dataset(request.file, path, "input.id"), "", rows, request.pool.threads());
  }
  auto table = std::make_unique<TableSource>("columns", rows, std::move(ids));
  for (const auto& [name, set] : members) {
    if (name != id) add_dataset_column(*table, set, name, request.pool);
  }
  for (std::string& note : skipped) table->add_note(std::move(note));
  if (table->schema().columns.empty()) {
    throw Error(ErrorKind::input, {"group has no readable columns", request.file->where(request.path),
                                   "numbers, flags, categories or texts", "none of them", ""});
  }
  return table;
}

}  // namespace clientele
