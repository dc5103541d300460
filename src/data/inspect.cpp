#include "clientele/data/inspect.h"

#include "clientele/base/errors.h"
#include "clientele/data/events.h"
#include "hdf5/cell_reader.h"
#include "hdf5/library_facts.h"
#include "layout.h"

namespace clientele {
namespace {

constexpr const char* kKindNames[] = {"automatic", "number", "count", "money", "ordinal",
                                      "category",  "flag",   "time",  "id"};

Json describe(const h5::Dataset& set) {
  Json out;
  out["path"] = set.path;
  out["kind"] = "dataset";
  out["type"] = set.type.text;
  out["shape"] = set.shape;
  if (!set.type.fields.empty()) {
    for (const h5::Field& field : set.type.fields)
      out["fields"].push_back({{"name", field.name}, {"type", field.type.text}});
  }
  if (!set.chunk.empty()) out["chunks"] = set.chunk;
  for (const h5::Filter& filter : set.filters) out["filters"].push_back(filter.name);
  out["stored_bytes"] = set.stored_bytes;
  out["decoded_bytes"] = set.decoded_bytes;
  if (!set.refusal.empty()) {
    out["refused"] = set.refusal;
    return out;
  }
  std::string why;
  out["read"] = h5::read_path(set, why);
  if (!why.empty()) out["slow_because"] = why;
  return out;
}

Json describe(const Column& column) {
  Json out;
  out["name"] = column.name;
  out["kind"] = kKindNames[static_cast<int>(column.kind)];
  if (column.kind == ColumnKind::category) out["categories"] = column.categories.size();
  return out;
}

/// What `clientele run` would read with an empty [input] but the file's name.
void add_layout(const std::string& path, Json& out) {
  ThreadPool pool;
  InputSpec spec;
  spec.file = {path};
  try {
    const std::unique_ptr<Source> source = open_input(spec, pool);
    const ReadPlan plan = source->plan();
    out["layout"] = plan.layout;
    out["rows"] = source->rows();
    out["read"] = plan.path;
    out["datasets"] = plan.datasets;
    out["notes"] = plan.notes;
    for (const Column& column : source->schema().columns) out["columns"].push_back(describe(column));
  } catch (const Error& error) {  // a file of events alone is no table of clients: an answer, not the end
    out["layout"] = nullptr;
    out["refused"] = error.what();
  }
}

}  // namespace

Json inspect_file(const std::string& path) {
  const auto file = std::make_shared<const h5::File>(path);
  const Catalogue catalogue = read_catalogue(file);
  Json out;
  out["file"] = path;
  out["bytes"] = file->size_bytes();
  out["objects"] = Json::array();
  for (const std::string& group : catalogue.groups) out["objects"].push_back({{"path", group}, {"kind", "group"}});
  for (const h5::Dataset& set : catalogue.datasets) out["objects"].push_back(describe(set));
  for (const std::string& link : catalogue.outside) {
    out["objects"].push_back({{"path", link}, {"kind", "link"}, {"refused", "it leads out of the file"}});
  }
  if (!catalogue.damaged.empty()) out["damaged"] = catalogue.damaged;
  if (!catalogue.complete) out["incomplete"] = "more objects or levels than are searched";
  add_layout(path, out);
  const EventsSpec events;
  const std::vector<std::string> places = event_places(catalogue, events.client, events.ts);
  if (!places.empty()) out["events"] = places;
  return out;
}

Json hdf5_facts() {
  Json out;
  out["version"] = h5::library_version();
  out["filters"] = h5::own_filters();
  out["library_filters"] = h5::library_filters();
  return out;
}

}  // namespace clientele
