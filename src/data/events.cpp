// The events layout: which dataset or field plays which role, and the log as integers.
#include "clientele/data/events.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "clientele/base/errors.h"
#include "clientele/base/suggest.h"
#include "columns.h"
#include "convert.h"
#include "distinct.h"
#include "layout.h"

namespace clientele {
namespace {

constexpr int64_t kLatestSeconds = 100'000'000'000;  ///< in the year 5138; larger numbers are not seconds

/// Where one file's events lie: a group of columns, or a compound dataset.
struct EventsPlace {
  std::shared_ptr<const h5::File> file;
  std::string path;
  bool compound = false;
  h5::Dataset table;               ///< compound
  std::vector<std::string> names;  ///< of its columns
};

EventsPlace place_at(const std::shared_ptr<const h5::File>& file, const std::string& path) {
  EventsPlace place{file, path, false, {}, {}};
  if (file->kind(path) == h5::ObjectKind::group) {
    for (const h5::Link& link : file->links(path)) {
      if (link.kind == h5::ObjectKind::dataset || link.kind == h5::ObjectKind::outside)
        place.names.push_back(link.name);
    }
    return place;
  }
  place.compound = true;
  place.table = h5::describe_dataset(file, path);
  place.table.check_readable();
  if (place.table.type.kind != h5::ElementKind::compound || place.table.shape.size() != 1) {
    throw Error(ErrorKind::input,
                {"not a log of events", place.table.where(), "a group of 1-D datasets or a 1-D compound dataset",
                 place.table.type.text + ", " + h5::shape_text(place.table.shape), "name another with events.dataset"});
  }
  for (const h5::Field& field : place.table.type.fields) place.names.push_back(field.name);
  return place;
}

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

EventsPlace find_place(const std::shared_ptr<const h5::File>& file, const EventsSpec& spec) {
  if (!spec.dataset.empty()) return place_at(file, named_object(file, spec.dataset, "events.dataset"));
  const Catalogue catalogue = read_catalogue(file);
  const std::vector<std::string> places = event_places(catalogue, spec.client, spec.ts);
  if (places.size() == 1) return place_at(file, places[0]);
  for (const std::string& path : places) {
    if (h5::leaf(path) == "events") return place_at(file, path);
  }
  std::string list;
  for (const std::string& path : places.empty() ? catalogue.paths() : places) {
    if (list.size() < 400) list += (list.empty() ? "" : ", ") + path;
  }
  if (!places.empty()) {
    throw Error(ErrorKind::input,
                {"several places could be the events", file->path(), "one", list, "name one with events.dataset"});
  }
  throw Error(
      ErrorKind::input,
      {"no events found", file->path(), "columns '" + spec.client + "' and '" + spec.ts + "' in one group or table",
       list.empty() ? "no datasets" : list, "set events.client and events.ts to the columns' names"});
}

/// The dataset and field of one role's column.
struct RoleColumn {
  h5::Dataset set;
  std::string field;
  std::string where;
};

RoleColumn role_column(const EventsPlace& place, const std::string& key, const std::string& name) {
  if (!has(place.names, name)) {
    const std::string near = nearest(name, place.names);
    std::string list;
    for (const std::string& there : place.names) list += (list.empty() ? "" : ", ") + there;
    throw Error(ErrorKind::input,
                {"events have no such column", place.file->where(place.path), key + " = \"" + name + "\"", list,
                 near.empty() ? "" : "did you mean \"" + near + "\"?"});
  }
  if (place.compound) return {place.table, name, place.table.where() + "." + name};
  h5::Dataset set = named_dataset(place.file, h5::join(place.path, name), key);
  set.check_readable();
  if (set.shape.size() != 1) {
    throw Error(ErrorKind::input,
                {"dataset has the wrong number of dimensions", set.where(), "1", h5::shape_text(set.shape), ""});
  }
  const std::string where = set.where();
  return {std::move(set), "", where};
}

const h5::ElementType& stored_type(const RoleColumn& column) {
  return column.field.empty() ? column.set.type : find_field(column.set.type, column.field)->type;
}

bool is_integer(const h5::ElementType& type) {
  return type.numeric() && type.plain && type.form != h5::NumberForm::floating;
}

void read_integers(const RoleColumn& column, int64_t rows, ThreadPool& pool, const std::string& hint,
                   std::vector<int64_t>& out) {
  const h5::ElementType& stored = stored_type(column);
  if (!is_integer(stored))
    throw Error(ErrorKind::input, {"events column is not of integers", column.where, "integers", stored.text, hint});
  if (column.set.rows() != rows) {
    throw Error(ErrorKind::input, {"columns are not equally long", column.where, std::to_string(rows) + " rows",
                                   std::to_string(column.set.rows()), ""});
  }
  const std::unique_ptr<h5::CellReader> reader = h5::open_cells(column.set, pool.threads());
  const h5::Field* field = column.field.empty() ? nullptr : find_field(reader->type(), column.field);
  const ToInteger convert = to_integer_converter(field == nullptr ? reader->type() : field->type);
  const int64_t offset = field == nullptr ? 0 : field->offset;
  const size_t before = out.size();
  out.resize(before + static_cast<size_t>(rows));
  const int64_t cell = 0;
  scan_blocks(pool, rows, [&](int64_t first, int64_t count, int) {
    reader->read(first, count, {&cell, 1}, [&](const h5::CellRun& run) {
      if (convert(run.data + offset, run.row_bytes, run.rows, out.data() + before + run.first_row)) return;
      throw Error(ErrorKind::input, {"a number does not fit into 64 bits with sign", column.where, "", "", ""});
    });
  });
}

/// Codes of one file's column and their texts, sorted by bytes.
void read_codes(const RoleColumn& column, int64_t rows, ThreadPool& pool, std::vector<int32_t>& codes,
                std::vector<std::string>& texts) {
  codes.resize(static_cast<size_t>(rows));
  if (is_integer(stored_type(column))) {
    IdColumn numbers, distinct;
    numbers.kind = IdColumn::Kind::integer;
    read_integers(column, rows, pool, "", numbers.integers);
    numbers.rows = rows;
    index_distinct(numbers, pool, distinct, codes);
    std::vector<std::pair<std::string, int32_t>> order;
    for (int64_t i = 0; i < distinct.rows; ++i) order.emplace_back(distinct.text(i), static_cast<int32_t>(i));
    std::sort(order.begin(), order.end());
    std::vector<int32_t> place(order.size());
    for (size_t i = 0; i < order.size(); ++i) place[static_cast<size_t>(order[i].second)] = static_cast<int32_t>(i);
    for (auto& entry : order) texts.push_back(std::move(entry.first));
    for (int32_t& code : codes) code = place[static_cast<size_t>(code)];
    return;
  }
  Column described;
  std::string why = "numbers that are no integers";
  std::unique_ptr<Part> part = single_column(column.set, column.field, pool, described, why);
  if (!part || described.kind != ColumnKind::category) {
    throw Error(ErrorKind::input, {"events column is no category", column.where, "texts, enums or integers", why, ""});
  }
  if (column.set.rows() != rows) {
    throw Error(ErrorKind::input, {"columns are not equally long", column.where, std::to_string(rows) + " rows",
                                   std::to_string(column.set.rows()), ""});
  }
  texts = described.categories;
  scan_blocks(pool, rows, [&](int64_t first, int64_t count, int) {
    std::vector<double> values(static_cast<size_t>(count));
    const PartColumn only{0, 0};
    part->read(first, {&only, 1}, {values.data(), count, 1, count});
    for (int64_t i = 0; i < count; ++i) {
      const double value = values[static_cast<size_t>(i)];
      codes[static_cast<size_t>(first + i)] = std::isnan(value) ? -1 : static_cast<int32_t>(value);
    }
  });
}

/// Appends one file's codes to the log's, merging the dictionaries.
void append_codes(const RoleColumn& column, int64_t rows, ThreadPool& pool, std::vector<int32_t>& codes,
                  std::vector<std::string>& texts) {
  std::vector<int32_t> own_codes;
  std::vector<std::string> own_texts;
  read_codes(column, rows, pool, own_codes, own_texts);
  std::set<std::string> merged(texts.begin(), texts.end());
  merged.insert(own_texts.begin(), own_texts.end());
  const std::vector<std::string> all(merged.begin(), merged.end());
  const auto remap = [&](const std::vector<std::string>& from, std::vector<int32_t>& values) {
    std::vector<int32_t> to;
    for (const std::string& text : from)
      to.push_back(static_cast<int32_t>(std::lower_bound(all.begin(), all.end(), text) - all.begin()));
    for (int32_t& value : values) value = value < 0 ? -1 : to[static_cast<size_t>(value)];
  };
  if (texts != all) remap(texts, codes);
  if (own_texts != all) remap(own_texts, own_codes);
  texts = all;
  codes.insert(codes.end(), own_codes.begin(), own_codes.end());
}

void add_plan(const EventsPlace& place, const std::vector<RoleColumn>& columns, ThreadPool& pool, ReadPlan& plan) {
  std::set<std::string> lines, paths;
  for (const RoleColumn& column : columns) {
    if (!lines.insert(column.set.path).second) continue;
    const bool library = column.set.type.kind == h5::ElementKind::variable_text;
    const std::string path = library ? "library" : h5::open_cells(column.set, pool.threads())->path();
    plan.datasets.push_back(column.set.line() + ", " + path);
    if (plan.path.find(path) == std::string::npos) plan.path += (plan.path.empty() ? "" : ", ") + path;
    plan.stored_bytes += column.set.stored_bytes;
    plan.decoded_bytes += column.set.decoded_bytes;
  }
  if (place.names.size() > columns.size()) {
    plan.notes.push_back(place.path + ": " + std::to_string(place.names.size() - columns.size()) +
                         " columns have no role and are not read");
  }
}

void check_times(const EventLog& log, size_t from, const std::string& where) {
  for (size_t i = from; i < log.ts.size(); ++i) {
    if (log.ts[i] < kLatestSeconds && log.ts[i] > -kLatestSeconds) continue;
    throw Error(ErrorKind::input,
                {"event times are not seconds", where, "UTC seconds since 1970", std::to_string(log.ts[i]),
                 "divide milliseconds by 1000, nanoseconds by 1000000000"});
  }
}

/// Adds one file's events; client ids are collected row by row and indexed when all files are read.
void append_file(const std::string& path, const EventsSpec& spec, ThreadPool& pool,
                 const std::shared_ptr<ReadCache>& cache, EventLog& log, IdColumn& ids) {
  const EventsPlace place = find_place(std::make_shared<const h5::File>(path, cache), spec);
  std::vector<RoleColumn> used = {role_column(place, "events.client", spec.client),
                                  role_column(place, "events.ts", spec.ts)};
  const int64_t rows = used[1].set.rows();
  if (rows == 0)
    throw Error(ErrorKind::input, {"log of events is empty", used[1].where, "at least one event", "none", ""});
  const size_t before = log.ts.size();
  append_ids(ids, dataset_ids(used[0].set, used[0].field, rows, pool.threads(), "events.client")(pool), 0, rows, path);
  read_integers(used[1], rows, pool, "write times as integers in UTC seconds", log.ts);
  check_times(log, before, used[1].where);
  const auto integers = [&](const char* key, const std::string& name, const char* hint, std::vector<int64_t>& out) {
    if (name.empty()) return;
    used.push_back(role_column(place, key, name));
    read_integers(used.back(), rows, pool, hint, out);
  };
  const auto codes = [&](const char* key, const std::string& name, std::vector<int32_t>& out,
                         std::vector<std::string>& texts) {
    if (name.empty()) return;
    used.push_back(role_column(place, key, name));
    append_codes(used.back(), rows, pool, out, texts);
  };
  integers("events.amount", spec.amount, "write amounts as integers in minor units (cents), so that sums are exact",
           log.amount);
  integers("events.qty", spec.qty, "write quantities as integers", log.qty);
  codes("events.type", spec.type, log.type, log.types);
  codes("events.category", spec.category, log.category, log.categories);
  codes("events.channel", spec.channel, log.channel, log.channels);
  add_plan(place, used, pool, log.plan);
}

}  // namespace

std::vector<std::string> event_places(const Catalogue& catalogue, const std::string& client, const std::string& ts) {
  std::vector<std::string> out;
  for (const h5::Dataset& set : catalogue.datasets) {
    if (set.shape.size() == 1 && find_field(set.type, client) != nullptr && find_field(set.type, ts) != nullptr)
      out.push_back(set.path);
  }
  for (const std::string& group : catalogue.groups) {
    std::vector<std::string> names;
    for (const h5::Dataset* set : catalogue.members(group)) names.push_back(h5::leaf(set->path));
    if (has(names, client) && has(names, ts)) out.push_back(group);
  }
  return out;
}

EventLog read_events(const EventsSpec& spec, ThreadPool& pool, const std::shared_ptr<ReadCache>& cache) {
  if (spec.file.empty())
    throw Error(ErrorKind::usage, {"no file of events", "events.file", "a path or a list of paths", "nothing", ""});
  EventLog log;
  log.plan.layout = "events";
  IdColumn ids;
  for (const std::string& path : spec.file) append_file(path, spec, pool, cache, log, ids);
  log.rows = static_cast<int64_t>(log.ts.size());
  index_distinct(ids, pool, log.clients, log.client);
  return log;
}

}  // namespace clientele
